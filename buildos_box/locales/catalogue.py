"""The texts of one language by the English ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

Choose = Callable[[int], int]
"""The number of the plural form for so many things."""


def _english(count: int) -> int:
    return int(count != 1)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Texts by the English ones, and how its plural forms are chosen; empty for English."""

    texts: dict[str, str] = field(default_factory=dict)
    plurals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The forms by the English singular."""
    choose: Choose = _english

    def text(self, english: str) -> str:
        """The text of the language; the English one where there is none."""
        return self.texts.get(english) or english

    def form(self, one: str, many: str, count: int) -> str:
        """The form for so many things; the English one where there is none."""
        forms = self.plurals.get(one)
        if forms is None:
            return (one, many)[_english(count)]
        return forms[self.choose(count)]
