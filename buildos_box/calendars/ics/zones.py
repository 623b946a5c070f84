"""What a calendar file calls its time zones, as zones (RFC 5545, 3.2.19 and 3.6.5)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from buildos_box.calendars.ics.lines import Lines
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError, instances
from buildos_box.calendars.ics.rules import read_rule
from buildos_box.clock import is_zone

_FROM, _TO = datetime(1970, 1, 1), datetime(2100, 1, 1)
"""Changes of a zone that a file defines are reckoned between these; its last offset then stays."""
_MOST_STEPS = 20_000
_MOST_CHANGES = 5_000
_MOST_ZONES = 100
_DAY = timedelta(days=1)
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """The offset becomes `after` at `wall`, a time by the offset `before`."""

    wall: datetime
    before: timedelta
    after: timedelta


class FileZone(tzinfo):
    """A zone as a file defines it.

    A wall time that is skipped counts with the offset before, one that occurs twice is the first
    (RFC 5545, 3.3.5), as `fold` has it.
    """

    def __init__(self, name: str, changes: Iterable[Change]) -> None:
        ordered = sorted(set(changes), key=lambda change: change.wall - change.before)
        self._name = name
        self._offsets = [ordered[0].before, *(change.after for change in ordered)]
        self._utc = [change.wall - change.before for change in ordered]
        walls = [(change.wall, change.wall - change.before + change.after) for change in ordered]
        self._by_fold = ([max(pair) for pair in walls], [min(pair) for pair in walls])

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """The offset that clocks have which show `dt`."""
        if dt is None:
            return self._offsets[-1]
        return self._offsets[bisect_right(self._by_fold[dt.fold], dt.replace(tzinfo=None))]

    def dst(self, dt: datetime | None) -> timedelta:
        """Not told apart from standard time here."""
        return _ZERO

    def tzname(self, dt: datetime | None) -> str:
        """As the file calls it."""
        return self._name

    def fromutc(self, dt: datetime) -> datetime:
        """The wall time, with `fold` for the second of two that look the same."""
        offset = self._offsets[bisect_right(self._utc, dt.replace(tzinfo=None))]
        wall = (dt + offset).replace(fold=0)
        return wall if self.utcoffset(wall) == offset else wall.replace(fold=1)


class Zones:
    """Zones by the names that one file uses."""

    def __init__(self, defined: Iterable[Lines], default: ZoneInfo) -> None:
        self.default = default
        self.unknown: set[str] = set()
        """Names that mean nothing; the default stands in for them."""
        self._defined = {zone.value("TZID").strip("/"): zone for zone in defined}
        self._found: dict[str, tzinfo] = {}

    def find(self, name: str) -> tzinfo:
        """The zone of that name; the default, and a name in `unknown`, if there is none.

        A name that the world knows goes before the file's own definition: those grow old.
        """
        zone = self._found.get(name)
        if zone is None:
            clean = name.strip().strip("/")
            zone = _known(clean) or self._from_definition(clean) or _by_its_end(clean)
            if zone is None:
                self.unknown.add(name)
                zone = self.default
            if len(self._found) < _MOST_ZONES:
                self._found[name] = zone
        return zone

    def _from_definition(self, name: str) -> tzinfo | None:
        lines = self._defined.get(name)
        if lines is None or len(self._found) >= _MOST_ZONES:
            return None
        return _known(lines.value("X-LIC-LOCATION")) or _read_zone(name, lines)


def _known(name: str) -> tzinfo | None:
    """An IANA zone, by its own name or by what Windows calls it."""
    name = WINDOWS_TO_OLSON.get(name, name)
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    return ZoneInfo(name) if is_zone(name) else None


def _by_its_end(name: str) -> tzinfo | None:
    """`vendor.example/2024/Europe/Berlin` means Europe/Berlin."""
    parts = name.split("/")[-4:]
    ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((zone for end in ends if (zone := _known(end))), None)


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
    """All changes to one observance. Raises ValueError if it can't be read."""
    part = lines.parsed()
    try:
        before, after = part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td
        first = _wall(part["DTSTART"].dt, before)
        walls = {first}
        for rdates in _all(part.get("RDATE")):
            walls |= {_wall(rdate.dt, before) for rdate in rdates.dts}
        for parts in _all(part.get("RRULE")):
            rule = read_rule(parts, lambda until: _wall(until, before))
            walls |= set(instances(rule, first, _FROM, _TO, budget))
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError("is no observance of a time zone") from error
    budget.spend(len(walls))
    if max(abs(before), abs(after)) >= _DAY:
        raise ValueError("has an offset of a day or more")
    return [Change(wall, before, after) for wall in walls]


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
    raise ValueError("has a time that is none")
