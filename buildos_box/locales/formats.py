"""Days, times, lists and numbers by CLDR, through Babel, which is imported when first used.

`locale` is Babel's name of one, like `de_CH`.
"""

import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel import Locale

_SPACES = str.maketrans("\u202f\u2009\u00a0", "   ")
"""Narrow and fixed spaces become plain ones, as browsers write them: they break searches."""
_MANY = 1_000


@lru_cache
def locale_of(locale: str) -> "Locale":
    """Babel's locale."""
    from babel import Locale

    return Locale.parse(locale)


@lru_cache(maxsize=4_096)
def full_day(locale: str, day: date) -> str:
    """`Wednesday, October 23, 2024`."""
    from babel.dates import format_date

    return format_date(day, "full", locale_of(locale)).translate(_SPACES)


@lru_cache(maxsize=4_096)
def short_day(locale: str, day: date, *, year: bool) -> str:
    """`Wed, Oct 23`, or with its year."""
    from babel.dates import format_skeleton

    skeleton = "yMMMEd" if year else "MMMEd"
    return format_skeleton(skeleton, day, locale=locale_of(locale)).translate(_SPACES)


@lru_cache(maxsize=4_096)
def clock_time(locale: str, hour_cycle: int, wall: time) -> str:
    """`14:05` or `2:05 PM`."""
    from babel.dates import format_skeleton

    skeleton = "hm" if hour_cycle == 12 else "Hm"
    moment = datetime(2000, 1, 1, wall.hour, wall.minute)  # noqa: DTZ001, RUF100
    return format_skeleton(skeleton, moment, locale=locale_of(locale)).translate(_SPACES)


@lru_cache
def half_of_day(locale: str, hour: int) -> str:
    """`AM` or `PM`."""
    from babel.dates import format_time

    moment = time(hour)
    return format_time(moment, "a", locale=locale_of(locale)).translate(_SPACES)


def names_of(locale: str, day: date) -> tuple[list[str], list[str]]:
    """What the day's weekday and its month are called, in short and whole, inside a date or not."""
    known = locale_of(locale)
    weekdays = [
        str(known.days[context][width][day.weekday()])
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    ]
    months = [
        str(known.months[context][width][day.month])
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    ]
    return list(dict.fromkeys(weekdays)), list(dict.fromkeys(months))


def weekday_names(locale: str) -> tuple[dict[str, int], dict[str, int]]:
    """The names of the days, whole and short, in lower case without dots; Monday is 0."""
    return _names(locale_of(locale).days, range(7))


def month_names(locale: str) -> tuple[dict[str, int], dict[str, int]]:
    """The names of the months, whole and short, in lower case without dots; January is 1."""
    return _names(locale_of(locale).months, range(1, 13))


def _names(known: Any, numbers: range) -> tuple[dict[str, int], dict[str, int]]:
    whole, short = (
        {
            str(known[context][width][number]).lower().removesuffix("."): number
            for context in ("format", "stand-alone")
            for number in numbers
        }
        for width in ("wide", "abbreviated")
    )
    return whole, short


def numeric_day(locale: str) -> tuple[bool, str] | None:
    """Whether the day stands before its month in `3.12.`, and what separates them."""
    skeleton = locale_of(locale).datetime_skeletons.get("Md")
    found = re.fullmatch(r"(d{1,2}|M{1,2})([./-])(d{1,2}|M{1,2})\.?", str(skeleton or ""))
    return (found[1].startswith("d"), found[2]) if found else None


def listed(locale: str, parts: list[str]) -> str:
    """`a`, `a and b`, `a, b, and c`."""
    from babel.lists import format_list

    return format_list(parts, "standard", locale_of(locale))


def number(locale: str, value: float) -> str:
    """`1,200`."""
    if isinstance(value, int) and abs(value) < _MANY:
        return str(value)  # every language that is here writes it so
    from babel.numbers import format_decimal

    return format_decimal(value, locale=locale_of(locale)).translate(_SPACES)


def has_12_hours(locale: str) -> bool:
    """Whether clocks of the locale have twelve hours."""
    return "a" in locale_of(locale).time_formats["short"].pattern


def first_day_of_week(locale: str) -> int:
    """The day that weeks begin with; 0 is Sunday."""
    return (locale_of(locale).first_week_day + 1) % 7
