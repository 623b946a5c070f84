"""Every catalogue is whole, and everything that people read goes through one (#languages)."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from babel.messages.catalog import Catalog

from buildos_box.locales.__main__ import read, template
from buildos_box.locales.catalogue import Catalogue
from buildos_box.locales.catalogue_check import faults_of
from buildos_box.locales.language import Language, language
from buildos_box.locales.messages import Plural
from buildos_box.locales.tags import LANGUAGES, SOURCE
from buildos_box.onboarding.themes import THEMES

CATALOGUES = [tag for tag in LANGUAGES if tag != SOURCE]


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return template()


@pytest.mark.parametrize("tag", CATALOGUES)
def test_every_text_is_translated_with_its_placeholders(tag: str, texts: Catalog) -> None:
    assert list(faults_of(tag, texts, read(tag))) == []


@pytest.mark.parametrize("tag", CATALOGUES)
def test_every_number_has_its_form(tag: str, texts: Catalog) -> None:
    own = language(tag)
    for text in texts:
        if not text.id or isinstance(text.id, str):
            continue
        plural = Plural(*text.id)
        values = dict.fromkeys(re.findall(r"{(\w+)}", plural.one + plural.many), "x")
        values.pop("count", None)
        for count in (0, 1, 2, 5, 12, 22, 1_000, 1_000_000):
            assert own.count(plural, count, **values)


@pytest.mark.parametrize("tag", ["fr", "it", "nl"])
def test_apostrophes_are_typographic_save_in_words_that_are_looked_for(tag: str) -> None:
    stems = {theme.stems for theme in THEMES}
    forms = [
        form
        for text in read(tag)
        if text.id and text.id not in stems
        for form in ([text.string] if isinstance(text.string, str) else text.string or ())
    ]
    assert [form for form in forms if re.search(r"\w'\w", form)] == []


def catalogue_of(**messages: Any) -> Catalog:
    made = Catalog(locale="pl")
    for message, said in messages.items():
        made.add(message, said)
    return made


def test_faults_of_a_catalogue_are_told(texts: Catalog) -> None:
    code = Catalog()
    code.add("by {time}")
    code.add("late")
    code.add(("{count} day", "{count} days"))
    code.add(("one", "{count} more"))
    own = Catalog(locale="pl")
    own.add("by {time}", "do {godziny}")
    own.add(("{count} day", "{count} days"), ["{count} dzień", "{count} dni", "{x} dni"])
    own.add(("one", "{count} more"), ["jeden", "{count}", "{count}"])
    own.add("gone", "nie ma")
    assert list(faults_of("pl", code, own)) == [
        "'by {time}' has the placeholders ['godziny'], not ['time']",
        "'late' is not translated",
        "'{count} day' has the placeholders ['x'], not ['count']",
        "'gone' is not a text of the code",
    ]
    assert len(list(faults_of("pl", texts, Catalog(locale="pl")))) > 150


@dataclass(frozen=True, slots=True)
class Pseudo(Language):
    """Puts every text and every name of a day into brackets."""

    def full_day(self, day: Any) -> str:
        return f"⟦{Language.full_day(self, day)}⟧"

    def short_day(self, day: Any, *, year: bool = False) -> str:
        return f"⟦{Language.short_day(self, day, year=year)}⟧"

    def listed(self, parts: list[str]) -> str:
        return ", ".join(parts)


class Bracketed(Catalogue):
    def text(self, english: str) -> str:
        return f"⟦{english}⟧"

    def form(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"


PSEUDO = Pseudo(tag="en-US", hour_cycle=24, week_start=1, catalogue=Bracketed())


def outside(text: str) -> str:
    """The letters that stand outside brackets and outside links' addresses."""
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"https?://[^\s⟧]+", "", text)
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return "".join(re.findall(r"[A-Za-z]+", text))


def test_what_is_outside_brackets_is_found() -> None:
    assert outside("⟦a ⟦b⟧⟧ c [⟦d⟧](http://x/y)") == "c"
