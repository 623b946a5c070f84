"""Days of a month as people write them: `3.12.`, `12/3`, `4. Dez.`, `12月3日`.

Without a year it is the next such day. `is_clear` tells whether it can be nothing else: `3/4` is
also a fraction, and `3.12` a version.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from buildos_box.locales.day_words import DayWords, any_of

_NO_DAY = ("24/7",)
_YEARS_TO_A_LEAP_DAY = 8
_JAPANESE = re.compile(r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日")


@dataclass(frozen=True, slots=True)
class DayFound:
    """A day; `is_clear` if it needs no time or small word beside it."""

    day: date
    is_clear: bool


def numeric_day(words: str, table: DayWords, today: date) -> DayFound | None:
    """A day of numbers in the order and with the separator of the language's region."""
    if found := _JAPANESE.fullmatch(words):
        return _found(found["day"], found["month"], found["year"], today, is_clear=True)
    if table.day_first is None:
        return None
    for pattern in _numeric(table.separator):
        if not (found := pattern.fullmatch(words)):
            continue
        first, second, year = found["first"], found["second"], found["year"]
        day, month = (first, second) if table.day_first else (second, first)
        is_clear = (
            len(year or "") == 4
            or (table.separator == "." and found["end"] and not year)
            or (table.separator == "/" and (year or int(first) > int(second)))
        )
        return _found(day, month, year, today, is_clear=bool(is_clear) and words not in _NO_DAY)
    return None


def month_day(words: str, table: DayWords, today: date) -> DayFound | None:
    """`4. Dez.`, `Dec 4`: clear if the month is whole or ends with its dot, and in English."""
    for pattern in _named(any_of("|".join((*table.months, *table.short_months))), table.is_english):
        if found := pattern.fullmatch(words):
            name = found["month"]
            month = table.months.get(name) or table.short_months[name]
            is_clear = name in table.months or bool(found["dot"]) or table.is_english
            return _found(found["day"], str(month), found["year"], today, is_clear=is_clear)
    return None


def _found(
    day: str, month: str, year: str | None, today: date, *, is_clear: bool
) -> DayFound | None:
    years = range(today.year, min(today.year + _YEARS_TO_A_LEAP_DAY + 1, date.max.year))
    if year:
        number = int(year) + (2000 if len(year) == 2 else 0)
        years = range(number, number + 1)
    for each in years:
        try:
            found = date(each, int(month), int(day))
        except ValueError:
            continue
        if year or found >= today:
            return DayFound(found, is_clear)
    return None


@lru_cache
def _numeric(separator: str) -> tuple[re.Pattern[str], ...]:
    """With the year at the end, and at the beginning where it is written so: `2026/12/3`."""
    mark = re.escape(separator)
    year = r"(?P<year>\d{4}|\d\d)"
    if separator == ".":
        short = r"(?P<first>\d{1,2})\. ?(?P<second>\d{1,2})"
        last = rf"{short}(?P<end>\.(?: ?{year})?)?"
    else:
        short = rf"(?P<first>\d{{1,2}}){mark}(?P<second>\d{{1,2}})"
        last = rf"{short}(?P<end>{mark}{year})?"
    return re.compile(last), re.compile(rf"(?P<year>\d{{4}}){mark}{short}(?P<end>)")


@lru_cache
def _named(months: str, is_english: bool) -> tuple[re.Pattern[str], ...]:  # noqa: FBT001, RUF100
    month = rf"(?P<month>{months})(?P<dot>\.)?"
    day = r"(?P<day>\d{1,2})"
    year = r"(?:,? (?:de )?(?P<year>\d{4}))?"
    patterns = [re.compile(rf"{day}(?:\.|st|nd|rd|th|er|º|°)? ?(?:de |of )?{month}{year}")]
    if is_english:
        patterns.append(re.compile(rf"{month} {day}(?:st|nd|rd|th)?{year}"))
    return tuple(patterns)
