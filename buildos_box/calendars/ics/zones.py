"""Resolves the time zones that a calendar file names (RFC 5545, 3.2.19 and 3.6.5)."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from buildos_box.calendars.ics.component_parser import Lines
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError, instances
from buildos_box.calendars.ics.recurrence_rule import read_rule
from buildos_box.calendars.ics.zone_names import AMBIGUOUS, guessed, is_abbreviation, well_known

_FROM, _TO = datetime(1970, 1, 1), datetime(2100, 1, 1)
"""Changes of a zone that a file defines are computed for these years; its last
offset then stays.
"""
_MOST_STEPS = 20_000
_MOST_CHANGES = 5_000
_MOST_ZONES = 100
_SHOWN = 100
_DAY = timedelta(days=1)
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """The offset becomes `after` at `wall`, a local time by the offset `before`."""

    wall: datetime
    before: timedelta
    after: timedelta


class FileZone(tzinfo):
    """A zone as a file defines it.

    A local time that is skipped counts with the offset before, one that occurs twice is the first
    (RFC 5545, 3.3.5), or the second if its `fold` is 1.
    """

    def __init__(self, name: str, changes: Iterable[Change]) -> None:
        ordered = sorted(set(changes), key=lambda change: change.wall - change.before)
        self._name = name
        self._offsets = [ordered[0].before, *(change.after for change in ordered)]
        self._utc = [change.wall - change.before for change in ordered]
        walls = [(change.wall, change.wall - change.before + change.after) for change in ordered]
        self._by_fold = ([max(pair) for pair in walls], [min(pair) for pair in walls])

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """The offset at that local time."""
        if dt is None:
            return self._offsets[-1]
        return self._offsets[bisect_right(self._by_fold[dt.fold], dt.replace(tzinfo=None))]

    def dst(self, dt: datetime | None) -> timedelta:
        """Not distinguished from standard time here."""
        return _ZERO

    def tzname(self, dt: datetime | None) -> str:
        """The file's name for it."""
        return self._name

    def fromutc(self, dt: datetime) -> datetime:
        """The local time, with `fold` 1 for the second of two equal ones."""
        offset = self._offsets[bisect_right(self._utc, dt.replace(tzinfo=None))]
        wall = (dt + offset).replace(fold=0)
        return wall if self.utcoffset(wall) == offset else wall.replace(fold=1)


class Zones:
    """Zones by the names in one file.

    `reader` is the user's zone. `calendar` is the one that the calendar names as its own
    (X-WR-TIMEZONE), None if it names none. `floating` is the zone of times without one: the
    calendar's, or else the user's.
    """

    def __init__(
        self, defined: Iterable[Lines], reader: ZoneInfo, at: datetime, calendar: str = ""
    ) -> None:
        self.reader = reader
        self.notes: dict[str, None] = {}
        """Warnings about names that are unknown or ambiguous, each once."""
        self._at = at
        self._defined = {_plain(zone.value("TZID")).casefold(): zone for zone in defined}
        self._found: dict[str, tzinfo] = {}
        self.calendar = self._look_up(_plain(calendar)) if calendar else None
        self.floating = self.calendar or reader
        if calendar and self.calendar is None:
            self._note(calendar, reader)

    def find(self, name: str) -> tzinfo:
        """The zone of that name; if there is none, that of floating times, with a warning."""
        zone = self._found.get(name)
        if zone is None:
            zone = self._look_up(_plain(name))
            if zone is None:
                zone = self.floating
                self._note(name, zone)
            if len(self._found) < _MOST_ZONES:
                self._found[name] = zone
        return zone

    def _look_up(self, name: str) -> tzinfo | None:
        """A name that IANA knows has precedence over the file's definition, which may be outdated.

        The definition has precedence over a guess, and for abbreviations: to IANA `EST` is never
        daylight time, but in files it often is.
        """
        if not name:
            return None
        defined = self._from_definition(name) if is_abbreviation(name) else None
        return (
            defined
            or well_known(name)
            or self._from_definition(name)
            or _by_its_end(name)
            or self._guessed(name)
        )

    def _from_definition(self, name: str) -> tzinfo | None:
        lines = self._defined.get(name.casefold())
        if lines is None or len(self._found) >= _MOST_ZONES:
            return None
        return well_known(lines.value("X-LIC-LOCATION")) or _read_zone(name, lines)

    def _guessed(self, name: str) -> tzinfo | None:
        zone = guessed(name, self._at)
        if isinstance(zone, timezone) and zone is not UTC and "(" in name:
            self.notes[f"the time zone {name[:_SHOWN]!r} is not known; its offset was used"] = None
        return zone

    def _note(self, name: str, used: tzinfo) -> None:
        what = f"the time zone {name[:_SHOWN]!r} is not known"
        if not name.strip():
            what = "a time zone without a name is not known"
        elif name.strip().upper() in AMBIGUOUS:
            what = f"the time zone {name.strip()!r} has several meanings"
        self.notes[f"{what}; {used} was used instead"] = None


def _plain(name: str) -> str:
    """A name without its surroundings; TZID is TEXT, with its escapes (RFC 5545, 3.3.11)."""
    unescaped = re.sub(r"\\([\\;,])", r"\1", name)
    return " ".join(unescaped.split()).strip('"').strip("/")


def _by_its_end(name: str) -> tzinfo | None:
    """The IANA name at the end: Europe/Berlin for `vendor.example/2024/Europe/Berlin`."""
    parts = name.split("/")[-4:]
    ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((zone for end in ends if (zone := well_known(end))), None)


def _read_zone(name: str, lines: Lines) -> tzinfo | None:
    budget = Budget(_MOST_STEPS)
    changes: list[Change] = []
    try:
        for part in lines.inside:
            if part.name in ("STANDARD", "DAYLIGHT"):
                changes += _changes(part, budget)
    except (ValueError, OverflowError, BudgetSpentError):
        return None
    return FileZone(name, changes) if 0 < len(changes) <= _MOST_CHANGES else None


def _changes(lines: Lines, budget: Budget) -> list[Change]:
    """All offset changes of one observance. Raises ValueError if it cannot be read."""
    part = lines.parsed()
    try:
        before, after = part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td
        first = _wall(part["DTSTART"].dt, before)
        walls = {first}
        for rdates in _all(part.get("RDATE")):
            walls |= {_wall(rdate.dt, before) for rdate in rdates.dts}
        for text in lines.values("RRULE"):
            rule = read_rule(text, lambda until: _wall(until, before), _ignore)
            walls |= set(instances(rule, first, _FROM, _TO, budget))
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError("is not an observance of a time zone") from error
    budget.spend(len(walls))
    if max(abs(before), abs(after)) >= _DAY:
        raise ValueError("has an offset of a day or more")
    return [Change(wall, before, after) for wall in walls]


def _ignore(_note: str) -> None:
    """Ignores warnings: a fault in a zone's rule concerns nobody who reads them."""


def _all(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _wall(value: Any, offset: timedelta) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value
        return value.astimezone(UTC).replace(tzinfo=None) + offset
    if isinstance(value, date):
        return datetime.combine(value, time(0))
    raise ValueError("has a time that is not possible")
