"""Two languages that nobody speaks, made of the English texts, in which faults show.

`el-XA` puts every text into ⟦brackets⟧ and writes dates in Greek: a Latin letter outside brackets
has not gone through a catalogue. `ar-XB` writes every text in Arabic letters, from right to left: a
Latin letter has not either, and a layout that is not mirrored is seen at once.
"""

import re
from dataclasses import dataclass

from buildos_box.locales.catalogue import Catalogue

BRACKETS = "el-XA"
_WORD = re.compile(r"\{\w+\}|\w+")
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_ARABIC = "ابكدهفجحيزقلمنوطرسشتثخصعغض"
_LETTERS = str.maketrans(_LATIN + _LATIN.upper(), _ARABIC * 2)


@dataclass(frozen=True, slots=True, eq=False)
class Marked(Catalogue):
    """The catalogue of one of them."""

    tag: str = BRACKETS

    def text(self, english: str) -> str:
        """The English text, marked."""
        if self.tag == BRACKETS:
            return f"⟦{english}⟧"
        return _WORD.sub(lambda found: _mirrored(found[0]), english)

    def form(self, one: str, many: str, count: int) -> str:
        """The English form, marked."""
        return self.text(one if count == 1 else many)

    def forms(self, one: str, many: str) -> list[str]:
        """The forms in the order of CLDR's categories, as the page chooses among them."""
        if self.tag == BRACKETS:
            return [self.text(one), self.text(many)]
        return [self.text(text) for text in (many, one, many, many, many, many)]


def _mirrored(word: str) -> str:
    return word if word.startswith("{") else word.translate(_LETTERS)
