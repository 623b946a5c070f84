"""The texts of one language, from its `messages.po`; read when the language is first used."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from gettext import c2py
from importlib import resources

from buildos_box.locales.tags import SOURCE

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


@lru_cache
def catalogue(tag: str) -> Catalogue:
    """The catalogue of a tag of `LANGUAGES`."""
    if tag == SOURCE:
        return Catalogue()
    from babel.messages.pofile import read_po

    path = resources.files("buildos_box.locales").joinpath(tag, "messages.po")
    with path.open("rb") as file:
        read = read_po(file, locale=tag.replace("-", "_"))
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in read:
        if not message.id or message.fuzzy:
            continue
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if not all(said):
            continue
        if isinstance(message.id, str):
            texts[message.id] = said[0]
        else:
            plurals[message.id[0]] = tuple(said)
    return Catalogue(texts, plurals, c2py(read.plural_expr))
