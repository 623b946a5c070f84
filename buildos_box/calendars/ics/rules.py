"""Recurrence rules as calendar files write them (RFC 5545, 3.3.10)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_KNOWN = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYYEARDAY"}
    | {"BYWEEKNO", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"}
)
_MOST_NUMBERS = 400
_END_OF_DAY = time(23, 59, 59)


ToWall = Callable[[datetime], datetime]
"""Turns a time that a file names into one on the wall clock of the series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One RRULE. Numbers count from 1, from the end if negative; weekdays: Monday is 0."""

    freq: int
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    """The last moment that may still be an instance, on the wall clock of the series."""
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

    def starting(self, first: datetime) -> "Rule":
        """What the rule leaves open is taken from its first instance."""
        rule = self
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


def read_rule(parts: Mapping[str, Any], to_wall: ToWall) -> Rule:
    """A rule from icalendar's `vRecur`; `to_wall` turns what UNTIL says into wall-clock time.

    Raises ValueError, in words for people, if it is no rule or one that is not known here.
    """
    unknown = [name for name in parts if name not in _KNOWN and not name.startswith("X-")]
    if unknown:
        raise ValueError(f"has a recurrence rule with {unknown[0][:40]}, which is not known here")
    freq = _single(parts, "FREQ")
    if freq not in FREQUENCIES:
        raise ValueError("has a recurrence rule without a known FREQ")
    until = _single(parts, "UNTIL")
    week_start = str(_single(parts, "WKST") or "MO").upper()
    if week_start not in WEEKDAYS:
        raise ValueError("has a recurrence rule with a WKST that is no weekday")
    return Rule(
        freq=FREQUENCIES.index(freq),
        interval=_positive(parts, "INTERVAL") or 1,
        count=_positive(parts, "COUNT"),
        until=None if until is None else _last_moment(until, to_wall),
        week_start=WEEKDAYS.index(week_start),
        months=_numbers(parts, "BYMONTH", 1, 12),
        month_days=_numbers(parts, "BYMONTHDAY", 1, 31, negative=True),
        year_days=_numbers(parts, "BYYEARDAY", 1, 366, negative=True),
        weeks=_numbers(parts, "BYWEEKNO", 1, 53, negative=True),
        weekdays=frozenset(_weekday(str(value)) for value in parts.get("BYDAY", ())),
        hours=_numbers(parts, "BYHOUR", 0, 23),
        minutes=_numbers(parts, "BYMINUTE", 0, 59),
        seconds=_numbers(parts, "BYSECOND", 0, 59),
        positions=_numbers(parts, "BYSETPOS", 1, 366, negative=True),
    )


def _single(parts: Mapping[str, Any], name: str) -> Any:
    found = parts.get(name)
    if isinstance(found, list):
        if len(found) > 1:
            raise ValueError(f"has a recurrence rule with more than one {name}")
        return found[0] if found else None
    return found


def _positive(parts: Mapping[str, Any], name: str) -> int | None:
    found = _single(parts, name)
    if found is None:
        return None
    if not isinstance(found, int) or found < 1:
        raise ValueError(f"has a recurrence rule whose {name} is not above zero")
    return int(found)


def _last_moment(until: Any, to_wall: ToWall) -> datetime:
    if isinstance(until, datetime):
        return to_wall(until)
    if isinstance(until, date):
        return datetime.combine(until, _END_OF_DAY)
    raise ValueError("has a recurrence rule whose UNTIL is no date")


def _numbers(
    parts: Mapping[str, Any], name: str, low: int, high: int, *, negative: bool = False
) -> frozenset[int]:
    found = parts.get(name, ())
    if len(found) > _MOST_NUMBERS:
        raise ValueError(f"has a recurrence rule with too long a {name}")
    for number in found:
        size = abs(number) if negative and isinstance(number, int) else number
        if not isinstance(size, int) or not low <= size <= high:
            raise ValueError(f"has a recurrence rule with an impossible {name}")
    return frozenset(int(number) for number in found)


def _weekday(text: str) -> tuple[int, int]:
    match = _BYDAY.fullmatch(text.upper())
    if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
        raise ValueError("has a recurrence rule with an impossible BYDAY")
    return int(match[1] or 0), WEEKDAYS.index(match[2])
