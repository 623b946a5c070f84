"""Whether a text is written in a language: by the letters of its script, and by its small words.

It looks for proof of another language, not for proof of the right one: names, titles and single
words are in none. The rules: docs/spec.md#llm-language.
"""

import re
import unicodedata
from collections.abc import Iterable

from buildos_box.locales.function_words import FUNCTION_WORDS
from buildos_box.locales.language import Language

LATIN = "LATIN"
_KANA = ("HIRAGANA", "KATAKANA")
_HAN = "CJK"
_OTHER_SCRIPTS = {"ja": (*_KANA, _HAN)}
"""The scripts of languages that are not written in Latin letters."""
_LEAST_LETTERS = 8
"""So many letters of another script are more than a name."""
_LEAST_WORDS_ALONE = 8
"""A text of so many words is judged by itself too, not only together with the others."""
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_NAME = 3


def language_fault(texts: Iterable[str], language: Language, own: Iterable[str] = ()) -> str | None:
    """What is wrong, as a clause for whoever wrote the texts; None if nothing is proven.

    `own` are words of the reader's, which count for no language.
    """
    tongue = language.tag.partition("-")[0]
    if tongue not in FUNCTION_WORDS and tongue not in _OTHER_SCRIPTS:
        return None
    said = _without(own, list(texts))
    long = (text for text in said if len(_WORD.findall(text)) >= _LEAST_WORDS_ALONE)
    if any(_is_other(text, tongue) for text in ("\n".join(said), *long)):
        return f"it is in another language, and must be in {language.english_name}"
    return None


def _without(own: Iterable[str], texts: list[str]) -> list[str]:
    """The texts without the reader's words, which stand as they were written."""
    whole = "\n".join(texts).casefold()
    names = {name for text in own if len(name := text.strip().casefold()) >= _LEAST_NAME}
    quoted = sorted((name for name in names if name in whole), key=len, reverse=True)
    if not quoted:
        return texts
    found = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, quoted))})(?!\w)", re.IGNORECASE)
    return [found.sub(" ", text) for text in texts]


def _is_other(text: str, tongue: str) -> bool:
    scripts = [_script(letter) for letter in text if letter.isalpha()]
    own = _OTHER_SCRIPTS.get(tongue, (LATIN,))
    of_own = sum(script in own for script in scripts)
    foreign = sum(script not in own and script != LATIN for script in scripts)
    if foreign >= _LEAST_LETTERS and foreign > of_own:
        return True
    kana = sum(script in _KANA for script in scripts)
    if tongue == "ja" and not kana and of_own >= _LEAST_LETTERS:
        return True  # Chinese: a Japanese sentence has kana
    words = _WORD.findall(text.casefold())
    mine = kana // 2 if tongue in _OTHER_SCRIPTS else _count(words, tongue)
    return any(
        len(found) > 1 and _count(words, other) > mine + mine // 2 + (1 if mine else 0)
        for other, known in FUNCTION_WORDS.items()
        if other != tongue and (found := known.intersection(words))
    )


def _count(words: list[str], tongue: str) -> int:
    return sum(word in FUNCTION_WORDS[tongue] for word in words)


def _script(letter: str) -> str:
    return unicodedata.name(letter, LATIN).partition(" ")[0].partition("-")[0]
