"""The texts of one language, from its `messages.po`; read when the language is first used."""

import json
from collections.abc import Iterator
from functools import lru_cache
from gettext import c2py
from importlib import resources
from typing import TYPE_CHECKING

from buildos_box.locales.catalogue import Catalogue
from buildos_box.locales.pseudo_languages import Marked
from buildos_box.locales.tags import DEVELOPMENT, LANGUAGES, SOURCE, babel_locale

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

PAGE_PREFIX = "static/app/"
"""Where the texts of the users' page stand."""


@lru_cache
def page_texts(tag: str) -> bytes:
    """The texts of the users' page in a language of `LANGUAGES`, as JSON by the English ones.

    A text about a number of things is a list of its forms, by its English singular.
    """
    found: dict[str, str | list[str]] = {}
    if tag in DEVELOPMENT:
        found = dict(_development_page_texts(tag))
    elif tag != SOURCE:
        found = dict(_page_texts(_read(tag)))
    direction = _direction(tag)
    made = {"tag": tag, "direction": direction, "texts": found}
    return json.dumps(made, ensure_ascii=False).encode()


def _direction(tag: str) -> str:
    if tag == SOURCE:
        return "ltr"  # without loading Babel for a box that speaks English
    from buildos_box.locales.formats import locale_of

    return str(locale_of(babel_locale(tag)).text_direction)


def _page_texts(read: "Catalog") -> Iterator[tuple[str, str | list[str]]]:
    for message in read:
        said = _said(message)
        if said and any(path.startswith(PAGE_PREFIX) for path, _ in message.locations):
            if isinstance(message.id, str):
                yield message.id, said[0]
            else:
                yield message.id[0], said


def _development_page_texts(tag: str) -> Iterator[tuple[str, str | list[str]]]:
    """The page's texts, which any whole catalogue has; six forms are enough for any plural."""
    marked = Marked(tag=tag)
    whole = next(one for one in LANGUAGES if one.partition("-")[0] != SOURCE.partition("-")[0])
    for message in _read(whole):
        if not any(path.startswith(PAGE_PREFIX) for path, _ in message.locations):
            continue
        if isinstance(message.id, str):
            yield message.id, marked.text(message.id)
        else:
            one, many = message.id[0], message.id[1]
            yield one, marked.forms(one, many)


def _read(tag: str) -> "Catalog":
    from babel.messages.pofile import read_po

    path = resources.files("buildos_box.locales").joinpath(tag, "messages.po")
    with path.open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


def _said(message: "Message") -> list[str]:
    """The forms of a translated text; none of one that is not, and of the header."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return [] if not message.id or message.fuzzy or not all(forms) else [str(f) for f in forms]


@lru_cache
def catalogue(tag: str) -> Catalogue:
    """The catalogue of a tag of `LANGUAGES`."""
    if tag == SOURCE:
        return Catalogue()
    if tag in DEVELOPMENT:
        return Marked(tag=tag)
    read = _read(tag)
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in read:
        said = _said(message)
        if not said:
            continue
        if isinstance(message.id, str):
            texts[message.id] = said[0]
        else:
            plurals[message.id[0]] = tuple(said)
    return Catalogue(texts, plurals, c2py(read.plural_expr))
