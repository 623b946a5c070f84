"""Whether a text is written in a language: by the letters of its script, and by its small words.

It looks for proof of another language, not for proof of the right one: names, titles and single
words are in none. The rules: docs/spec.md#llm-language.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from buildos_box.locales import own_words
from buildos_box.locales.function_words import CHINESE_SIGNS, FUNCTION_WORDS, NAME_PARTICLES
from buildos_box.locales.language import Language
from buildos_box.locales.scripts import DENSE, HAN, KANA, LATIN, count_scripts, scripts_of
from buildos_box.locales.tags import SOURCE

_LEAST_LETTERS, _LEAST_SIGNS = 8, 4
"""So many letters of another script are more than a name; of a dense one, so many."""
_LONGEST_WITHOUT_KANA = 24
"""Japanese without kana is a heading, not so many signs."""
_LEAST_WORDS_ALONE = 8
"""A text of so many words is judged by itself too, not only together with the others."""
_LETTERS_OF_A_SIGN = 2
_SENTENCE_END = re.compile(r"[.!?:…。\n]+(?:\s+|$)")
_BETWEEN = re.compile(r'[\s,;()\[\]"“”„«»‹›「」『』、。…—–]+')
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?")


def language_fault(texts: Iterable[str], language: Language, own: Iterable[str] = ()) -> str | None:
    """What is wrong, as a clause for whoever wrote the texts; None if nothing is proven.

    `own` are texts of the reader's, which count for no language.
    """
    tongue = language.tag.partition("-")[0]
    is_source = tongue == SOURCE.partition("-")[0]
    scripts = frozenset({LATIN}) if is_source else scripts_of(language.catalogue)
    if not scripts or (LATIN in scripts and tongue not in FUNCTION_WORDS):
        return None
    said, titles = own_words.without(own, [own_words.normal(text) for text in texts])
    long = (text for text in said if len(text.split()) >= _LEAST_WORDS_ALONE)
    if any(_is_other_script(text, scripts) for text in said) or any(
        _has_other_words(text, tongue, scripts, titles) for text in ("\n".join(said), *long)
    ):
        return f"it is in another language, and must be in {language.english_name}"
    return None


def _is_other_script(text: str, scripts: frozenset[str]) -> bool:
    found = count_scripts(text)
    foreign = found.keys() - scripts - {LATIN}
    signs = sum(found[name] for name in foreign & DENSE)
    many = signs >= _LEAST_SIGNS or sum(found[name] for name in foreign) >= _LEAST_LETTERS
    if many and _length(found, foreign) > _length(found, scripts):
        return True
    return scripts >= KANA and not any(found[name] for name in KANA) and _is_chinese(text)


def _length(found: Counter[str], scripts: Iterable[str]) -> int:
    """How much is said in these scripts, in letters."""
    return sum(found[name] * (_LETTERS_OF_A_SIGN if name in DENSE else 1) for name in scripts)


def _is_chinese(text: str) -> bool:
    """Of a text without kana."""
    signs = count_scripts(text)[HAN]
    has_proof = not CHINESE_SIGNS.isdisjoint(text) and signs >= _LEAST_SIGNS
    return has_proof or any(
        count_scripts(sentence)[HAN] >= _LONGEST_WITHOUT_KANA for sentence in text.split("。")
    )


def _has_other_words(
    text: str, tongue: str, scripts: frozenset[str], titles: frozenset[str]
) -> bool:
    """Whether more small words are another language's alone than are of its own alone."""
    found = count_scripts(text)
    if LATIN not in scripts and _length(found, scripts) >= found[LATIN]:
        return False
    words = list(_plain_words(text))
    mine = FUNCTION_WORDS.get(tongue, frozenset())
    for other, known in FUNCTION_WORDS.items():
        proof = [word for word in words if word in known - mine and word not in titles]
        own = sum(word in mine - known for word in words)
        if other != tongue and len(set(proof)) > 1 and len(proof) > own + own // 2 + min(own, 1):
            return True
    return False


def _plain_words(text: str) -> Iterator[str]:
    """The words that may be small ones, with the parts of those that have an apostrophe.

    Names, abbreviations and technical words are left out: what has capitals (save the first word
    of a sentence), digits, or signs between its letters, and particles of names.
    """
    for sentence in _SENTENCE_END.split(text):
        found = (part.strip("'*`.!?:") for part in _BETWEEN.split(sentence))
        words = [word for word in found if word]
        for place, word in enumerate(words):
            rest = word[1:] if place == 0 else word
            if rest == rest.lower() and _WORD.fullmatch(word) and not _is_of_name(words, place):
                yield from _parts(word.casefold())


def _is_of_name(words: list[str], place: int) -> bool:
    """Whether the word stands between the parts of a name: `Lord of the Rings`."""
    if words[place] not in NAME_PARTICLES:
        return False
    before = next((word for word in words[place - 1 :: -1] if word not in NAME_PARTICLES), "")
    after = next((word for word in words[place:] if word not in NAME_PARTICLES), "")
    return place > 0 and before[:1].isupper() and after[:1].isupper()


def _parts(word: str) -> Iterator[str]:
    """`d'une` is itself, `d'` and `une`."""
    yield word
    *heads, last = word.split("'")
    if heads:
        yield from (f"{head}'" for head in heads)
        yield last
