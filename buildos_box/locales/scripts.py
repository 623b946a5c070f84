"""The scripts that letters belong to (docs/spec.md#llm-language)."""

import unicodedata
from collections import Counter
from functools import lru_cache

from buildos_box.locales.catalogue import Catalogue

LATIN = "LATIN"
KANA = frozenset({"HIRAGANA", "KATAKANA"})
HAN = "CJK"
DENSE = KANA | {HAN, "HANGUL"}
"""Each sign is a syllable or a word: a sentence has few."""
_SHARE = 20
"""Letters of a script that the language writes are more than one in so many."""


@lru_cache(maxsize=4_096)
def script_of(letter: str) -> str:
    """The first word of the letter's name in Unicode: `LATIN`, `CYRILLIC`, `CJK`."""
    name = unicodedata.name(letter, LATIN).partition(" ")[0].partition("-")[0]
    return HAN if name == "IDEOGRAPHIC" else name


def count_scripts(text: str) -> Counter[str]:
    """How many letters of each script the text has."""
    return Counter(script_of(letter) for letter in text if letter.isalpha())


@lru_cache
def scripts_of(catalogue: Catalogue) -> frozenset[str]:
    """The scripts that a language's texts are written in; none of one without texts.

    Latin letters are in the texts of every language, so they count only if there are no others.
    """
    found = count_scripts("".join(catalogue.texts.values()))
    least = found.total() // _SHARE
    others = frozenset(name for name, count in found.items() if name != LATIN and count > least)
    return others or frozenset({LATIN} & found.keys())
