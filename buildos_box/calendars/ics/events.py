"""One VEVENT as it is written (RFC 5545, 3.6.1)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from buildos_box.calendars.ics.fields import Moment, Warn, moment, plus, single
from buildos_box.calendars.ics.lines import Lines
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import Instant

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One VEVENT. `end` is the first day after an all-day one; None if a timed one has none."""

    component: Any
    start: Moment
    end: Moment | None
    original: Moment | None
    """RECURRENCE-ID: which instance of its series this one replaces."""
    future: bool
    """Whether it replaces all later ones too."""
    sequence: int
    repeats: bool
    warn: Warn

    @property
    def all_day(self) -> bool:
        """Whether it has days and no times."""
        return not isinstance(self.start, datetime)


@dataclass(frozen=True, slots=True)
class Instance:
    """One event as it takes place; `key` tells it from others of its series, in every import."""

    item: Item
    start: Moment
    end: Moment | None
    key: str


@dataclass(frozen=True, slots=True)
class Window:
    """`[start, end)`; all-day events are held against its local days in `zones.default`."""

    start: Instant
    end: Instant
    zones: Zones

    def walls(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Its ends as clocks in that zone show them."""
        return wall(self.start, zone), wall(self.end, zone)

    def touches(self, start: Moment, end: Moment | None) -> bool:
        """Whether an event from `start` to `end` lies in it, if only in part."""
        first, last = self.start, self.end
        if not isinstance(start, datetime):
            zone = self.zones.default
            start = datetime.combine(start, time(0))
            end = None if end is None else datetime.combine(end, time(0))
            first, last = self.walls(zone)
        return start < last and (start >= first or (end is not None and end > first))


def wall(value: datetime, zone: tzinfo) -> datetime:
    """What clocks in that zone show at that instant."""
    return value.astimezone(zone).replace(tzinfo=None)


def read_item(lines: Lines, zones: Zones, warn: Warn) -> Item:
    """Read one VEVENT. Raises ValueError, in words that fit after its name, if it can't be."""
    component = lines.parsed()
    start = moment(component, "DTSTART", zones)
    if start is None:
        raise ValueError("has no DTSTART")
    original = moment(component, "RECURRENCE-ID", zones)
    recurrence = single(component, "RECURRENCE-ID")
    sequence = single(component, "SEQUENCE")
    return Item(
        component=component,
        start=start,
        end=_end(lines, component, start, zones, warn),
        original=original,
        future=recurrence is not None and recurrence.params.get("RANGE") == "THISANDFUTURE",
        sequence=sequence if isinstance(sequence, int) else 0,
        repeats="RRULE" in component or "RDATE" in component,
        warn=warn,
    )


def _end(lines: Lines, component: Any, start: Moment, zones: Zones, warn: Warn) -> Moment | None:
    try:
        end = moment(component, "DTEND", zones)
        if end is None:
            end = _after_duration(lines, component, start)
        end = None if end is None else _alike(end, start)
    except (ValueError, OverflowError) as error:
        warn(f"{error}; its end was left out")
        end = None
    if end is not None and end < start:
        warn("ends before it starts; its end was left out")
        end = None
    if not isinstance(start, datetime):
        return start + _DAY if end is None or end <= start else end
    return None if end == start else end


def _after_duration(lines: Lines, component: Any, start: Moment) -> Moment | None:
    duration = single(component, "DURATION")
    if duration is None:
        return None
    if not isinstance(duration.dt, timedelta) or duration.dt < timedelta(0):
        raise ValueError("has an impossible DURATION")
    return plus(start, duration.dt, exact="PT" in lines.value("DURATION").upper())


def _alike(end: Moment, start: Moment) -> Moment:
    """An end of the same sort as the start: a day or an instant."""
    if isinstance(start, datetime):
        return end if isinstance(end, datetime) else datetime.combine(end, time(0), start.tzinfo)
    if isinstance(end, datetime):
        return end.date() + _DAY if end.time() != time(0) else end.date()
    return end
