"""What of a text a person wrote themselves, which proves no language (#llm-language)."""

import re
import unicodedata
from collections.abc import Iterable

_LEAST_NAME = 3
_MOST_WORDS_OF_TITLE = 8
"""A longer text is not a title, and its single words count."""
_JOINS = r"[^\W\u3040-\u30ff\u3400-\u9fff]"
"""Letters that make one word with their neighbours; signs of Japanese and Chinese do not."""
_SPACE = re.compile(r"[^\S\n]+")
_WORD = re.compile(r"[^\W\d_]+")
_APOSTROPHES = str.maketrans("’ʼ‘", "'''")


def normal(text: str) -> str:
    """The text with one form of each letter, apostrophe and space."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)).strip()


def without(own: Iterable[str], texts: list[str]) -> tuple[list[str], frozenset[str]]:
    """Normal texts without the own ones that stand in them whole, and the words of own titles."""
    whole = "\n".join(texts).casefold()
    names = {normal(text).casefold() for text in own}
    quoted = [name for name in names if len(name) >= _LEAST_NAME and name in whole]
    words = (_WORD.findall(name) for name in names)
    titles = frozenset(w for found in words if len(found) <= _MOST_WORDS_OF_TITLE for w in found)
    if not quoted:
        return texts, titles
    longest_first = sorted(quoted, key=len, reverse=True)
    found = re.compile("|".join(_bounded(name) for name in longest_first))
    return [_cut(found, text) for text in texts], titles


def _bounded(name: str) -> str:
    """The name where it is not part of a longer word."""
    before = rf"(?<!{_JOINS})" if re.match(_JOINS, name) else ""
    after = rf"(?!{_JOINS})" if re.match(_JOINS, name[-1]) else ""
    return f"{before}{re.escape(name)}{after}"


def _cut(found: "re.Pattern[str]", text: str) -> str:
    """The text without what is found in its case-folded form, which may be longer."""
    folded = [letter.casefold() for letter in text]
    places = [place for place, letters in enumerate(folded) for _ in letters] + [len(text)]
    kept, end = [], 0
    for match in found.finditer("".join(folded)):
        kept.append(text[end : places[match.start()]])
        end = places[match.end()]
    return " ".join([*kept, text[end:]])
