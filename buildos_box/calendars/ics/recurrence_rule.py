"""Parses recurrence rules of calendar files (RFC 5545, 3.3.10)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any

from buildos_box.calendars.ics.dates import normalised

YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_MOST_NUMBERS = 400
_END_OF_DAY = time(23, 59, 59)


ToWall = Callable[[datetime], datetime]
"""Converts a time in a file to the local time of the series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One RRULE. Numbers count from 1, or from the end if negative; weekdays: Monday is 0."""

    freq: int
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    """The last moment that may be an instance, in the local time of the series."""
    week_start: int = 0
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    """(n, weekday): the n-th of its month or year, or every one if n is 0."""
    hours: frozenset[int] = frozenset()
    minutes: frozenset[int] = frozenset()
    seconds: frozenset[int] = frozenset()
    positions: frozenset[int] = frozenset()

    def of_days(self) -> "Rule":
        """The rule of an all-day series, without times of day, which must be ignored (RFC 5545,
        3.3.10).
        """
        none: frozenset[int] = frozenset()
        return replace(self, hours=none, minutes=none, seconds=none)

    def starting(self, first: datetime) -> "Rule":
        """The rule completed from its first instance.

        A yearly rule with a day of the month but no month is taken as one of the month in which it
        starts. By RFC 5545 it would come every month, but Google writes birthdays so, and calendar
        programs show those once a year.
        """
        rule = self
        narrowing = (self.months, self.year_days, self.weeks, self.weekdays)
        if self.freq == YEARLY and self.month_days and not any(narrowing):
            rule = replace(rule, months=frozenset({first.month}))
        if not (self.month_days or self.year_days or self.weekdays):
            if self.freq == YEARLY and not self.weeks:
                months = self.months or frozenset({first.month})
                rule = replace(rule, months=months, month_days=frozenset({first.day}))
            elif self.freq == MONTHLY:
                rule = replace(rule, month_days=frozenset({first.day}))
            elif self.freq == WEEKLY or self.weeks:
                rule = replace(rule, weekdays=frozenset({(0, first.weekday())}))
        if self.freq < HOURLY and not self.hours:
            rule = replace(rule, hours=frozenset({first.hour}))
        if self.freq < MINUTELY and not self.minutes:
            rule = replace(rule, minutes=frozenset({first.minute}))
        if self.freq < SECONDLY and not self.seconds:
            rule = replace(rule, seconds=frozenset({first.second}))
        return rule


def read_rule(text: str, to_wall: ToWall, warn: Callable[[str], None]) -> Rule:
    """Parse the value of an RRULE; `to_wall` converts UNTIL to the local time of the series.

    A part that is unknown or impossible is dropped, with a warning. Raises ValueError, whose text
    fits after the component's name, for a rule without FREQ or of another calendar than the
    Gregorian.
    """
    parts = _split(text)
    freq = ",".join(parts.pop("FREQ", []))
    if freq not in FREQUENCIES:
        raise ValueError("has a recurrence rule without a known FREQ")
    if parts.pop("RSCALE", ["GREGORIAN"]) != ["GREGORIAN"]:
        raise ValueError("has a recurrence rule of another calendar than the Gregorian")
    found: dict[str, Any] = {}
    for name, values in parts.items():
        if name.startswith("X-"):
            continue
        reader = _READERS.get(name)
        if reader is None:
            warn(f"has a recurrence rule with {name[:40]}, which is not known; it was ignored")
            continue
        try:
            found[reader.attribute] = reader.read(values, to_wall)
        except ValueError:
            warn(f"has a recurrence rule with an impossible {name}; that part was ignored")
    return Rule(freq=FREQUENCIES.index(freq), **found)


def _split(text: str) -> dict[str, list[str]]:
    """The parts of a rule like `FREQ=WEEKLY;BYDAY=MO,TU`; of a repeated part, the last."""
    parts: dict[str, list[str]] = {}
    for part in text.upper().split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            parts[name.strip()] = [item.strip() for item in value.split(",") if item.strip()]
    return parts


def _single(values: list[str]) -> str:
    if len(values) != 1:
        raise ValueError
    return values[0]


def _positive(values: list[str], _to_wall: ToWall) -> int:
    found = int(_single(values))
    if found < 1:
        raise ValueError
    return found


def _week_start(values: list[str], _to_wall: ToWall) -> int:
    return WEEKDAYS.index(_single(values))


def _until(values: list[str], to_wall: ToWall) -> datetime:
    text = normalised(_single(values))
    if len(text) == 8:
        return datetime.combine(datetime.strptime(text, "%Y%m%d").date(), _END_OF_DAY)
    found = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
    return to_wall(found.replace(tzinfo=UTC) if text.endswith("Z") else found)


def _numbers(low: int, high: int, *, negative: bool = False) -> "PartReader":
    def read(values: list[str], _to_wall: ToWall) -> frozenset[int]:
        if not 0 < len(values) <= _MOST_NUMBERS:
            raise ValueError
        numbers = frozenset(int(value) for value in values)
        if any(not low <= (abs(n) if negative else n) <= high for n in numbers):
            raise ValueError
        return numbers

    return read


def _weekdays(values: list[str], _to_wall: ToWall) -> frozenset[tuple[int, int]]:
    if not 0 < len(values) <= _MOST_NUMBERS:
        raise ValueError
    return frozenset(_weekday(value) for value in values)


def _weekday(text: str) -> tuple[int, int]:
    match = _BYDAY.fullmatch(text)
    if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
        raise ValueError
    return int(match[1] or 0), WEEKDAYS.index(match[2])


PartReader = Callable[[list[str], ToWall], Any]
"""Parses the values of one part. Raises ValueError if they are impossible."""


@dataclass(frozen=True, slots=True)
class _Part:
    attribute: str
    read: PartReader


_READERS = {
    "INTERVAL": _Part("interval", _positive),
    "COUNT": _Part("count", _positive),
    "UNTIL": _Part("until", _until),
    "WKST": _Part("week_start", _week_start),
    "BYMONTH": _Part("months", _numbers(1, 12)),
    "BYMONTHDAY": _Part("month_days", _numbers(1, 31, negative=True)),
    "BYYEARDAY": _Part("year_days", _numbers(1, 366, negative=True)),
    "BYWEEKNO": _Part("weeks", _numbers(1, 53, negative=True)),
    "BYDAY": _Part("weekdays", _weekdays),
    "BYHOUR": _Part("hours", _numbers(0, 23)),
    "BYMINUTE": _Part("minutes", _numbers(0, 59)),
    "BYSECOND": _Part("seconds", _numbers(0, 59)),
    "BYSETPOS": _Part("positions", _numbers(1, 366, negative=True)),
}
