"""Whether a brief has words of another language than its reader's, for `bench.brief_quality`.

Every word of it is a word of the language's catalogue, of a date or a time as CLDR writes it there,
or one that people wrote. In Japanese, whose texts have no Latin letters, only those are looked at.
"""

import re
from datetime import date, time, timedelta
from functools import cache

import msgspec

from bench.sample_days import Made
from buildos_box.briefs.prompts import own_texts
from buildos_box.locales.catalogue_files import catalogue
from buildos_box.locales.language import Language, language
from buildos_box.locales.tags import catalogue_tag

WORD = re.compile(r"[^\W\d_]+")
LATIN = re.compile(r"[A-Za-zÀ-ž]+")
UNSPACED = frozenset({"ja"})
ADDRESS = re.compile(r"\]\([^)]*\)")
ENTITY = re.compile(r"&#?\w+;|\\")


def in_language(made: Made, tag: str) -> Made:
    """The same day of somebody who reads that language."""
    person = msgspec.structs.replace(made.facts.person, language=language(tag))
    return Made(made.kind, msgspec.structs.replace(made.facts, person=person), made.events)


def letters(text: str) -> int:
    """How many letters and digits a text has, without addresses."""
    return sum(one.isalnum() for one in ADDRESS.sub("]", text))


def strange_words(made: Made, text: str) -> set[str]:
    """The words of a text that are neither of its language nor its reader's own."""
    spoken = made.facts.language
    found = ENTITY.sub(" ", ADDRESS.sub("]", text))
    if spoken.tag in UNSPACED:
        return set(LATIN.findall(found)) - {w for own in _own(made) for w in LATIN.findall(own)}
    own = {word for text in _own(made) for word in _words(text)}
    return _words(found) - own - _vocabulary(spoken.tag)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)}


def _own(made: Made) -> list[str]:
    facts = made.facts
    return [*own_texts(facts), *facts.holidays]


@cache
def _vocabulary(tag: str) -> frozenset[str]:
    texts = catalogue(catalogue_tag(tag))
    said = [*texts.texts.values(), *(form for forms in texts.plurals.values() for form in forms)]
    shown = [re.sub(r"\{\w+\}", " ", text) for text in said]
    return frozenset(word for text in [*shown, *_formats(language(tag))] for word in _words(text))


def _formats(spoken: Language) -> list[str]:
    """A date of each day of the year, times of both halves of the day, and a list."""
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]
    return [
        *map(spoken.full_day, days),
        *(spoken.short_day(day, year=year) for day in days for year in (True, False)),
        *map(spoken.wall_time, (time(9), time(21))),
        spoken.listed(["", "", ""]),
        spoken.listed(["", ""]),
    ]
