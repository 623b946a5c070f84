"""One VEVENT (RFC 5545, 3.6.1)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from buildos_box.calendars.ics.component_parser import Lines
from buildos_box.calendars.ics.fields import (
    Moment,
    Warn,
    is_exact,
    moment,
    plus,
    single,
)
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import Instant

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One VEVENT. `end` is the day after an all-day event, or None if a timed one has no end."""

    lines: Lines
    component: Any
    start: Moment
    end: Moment | None
    duration: timedelta | None = None
    """DURATION, unless there is a DTEND."""
    original: Moment | None
    """RECURRENCE-ID: the instance of its series that this event replaces."""
    future: bool
    """Whether it replaces all later instances too."""
    sequence: int
    repeats: bool
    warn: Warn

    @property
    def all_day(self) -> bool:
        """Whether it has days instead of times."""
        return not isinstance(self.start, datetime)

    def end_of(self, start: Moment) -> Moment | None:
        """The end of the instance that starts then.

        By DURATION, or else as long on the clock as the first instance. A start that the clocks
        skip counts with the offset before (RFC 5545, 3.3.5); the end moves along with it.
        """
        if self.end is None or not isinstance(start, datetime):
            return None if self.end is None else start + (self.end - self.start)
        if self.duration is not None:
            return plus(start, self.duration, exact=is_exact(self.lines.value("DURATION")))
        assert isinstance(self.end, datetime)
        assert isinstance(self.start, datetime)
        zone = self.start.tzinfo or UTC
        return past_gap(start) + (wall(self.end, zone) - wall(self.start, zone))


@dataclass(frozen=True, slots=True)
class Instance:
    """One event as it takes place; `key` identifies it within its series, in every import."""

    item: Item
    start: Moment
    end: Moment | None
    key: str


@dataclass(frozen=True, slots=True)
class Window:
    """The span `[start, end)`; an all-day event is compared with its local days
    in `zones.reader`.
    """

    start: Instant
    end: Instant
    zones: Zones

    def walls(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Its ends as local times in that zone."""
        return wall(self.start, zone), wall(self.end, zone)

    def touches(self, start: Moment, end: Moment | None) -> bool:
        """Whether an event from `start` to `end` overlaps the span."""
        first, last = self.start, self.end
        if not isinstance(start, datetime):
            zone = self.zones.reader
            start = datetime.combine(start, time(0))
            end = None if end is None else datetime.combine(end, time(0))
            first, last = self.walls(zone)
        return start < last and (start >= first or (end is not None and end > first))


def past_gap(value: datetime) -> datetime:
    """A time with its offset; one that the clocks skip has the offset before (RFC 5545, 3.3.5)."""
    return value.astimezone(UTC).astimezone(value.tzinfo)


def wall(value: datetime, zone: tzinfo) -> datetime:
    """The local time in that zone at that instant."""
    return value.astimezone(zone).replace(tzinfo=None)


def read_item(lines: Lines, zones: Zones, warn: Warn) -> Item:
    """The event of a VEVENT.

    Raises ValueError, whose text fits after the event's name, if it cannot be read.
    """
    component = lines.parsed()
    start = moment(component, "DTSTART", zones)
    if start is None:
        raise ValueError("has no DTSTART")
    end, duration = _end(lines, component, start, zones, warn)
    return make_item(lines, component, start, end, zones, warn, duration)


def make_item(
    lines: Lines,
    component: Any,
    start: Moment,
    end: Moment | None,
    zones: Zones,
    warn: Warn,
    duration: timedelta | None = None,
) -> Item:
    """An item of that start and end with its recurrence fields. Raises ValueError."""
    recurrence = single(component, "RECURRENCE-ID")
    sequence = single(component, "SEQUENCE")
    return Item(
        lines=lines,
        component=component,
        start=start,
        end=end,
        duration=duration,
        original=moment(component, "RECURRENCE-ID", zones, zone_of(start)),
        future=recurrence is not None and recurrence.params.get("RANGE") == "THISANDFUTURE",
        sequence=sequence if isinstance(sequence, int) else 0,
        repeats=bool(lines.values("RRULE")) or "RDATE" in component,
        warn=warn,
    )


def zone_of(start: Moment) -> tzinfo | None:
    """The zone of the event's other times that name none."""
    return start.tzinfo if isinstance(start, datetime) else None


def _end(
    lines: Lines, component: Any, start: Moment, zones: Zones, warn: Warn
) -> tuple[Moment | None, timedelta | None]:
    end: Moment | None
    duration: timedelta | None = None
    try:
        end = moment(component, "DTEND", zones, zone_of(start))
        if end is None:
            duration = duration_of(component)
            if duration is not None:
                end = plus(start, duration, exact=is_exact(lines.value("DURATION")))
        end = None if end is None else _alike(end, start)
        if isinstance(start, datetime) and isinstance(end, datetime) and duration is None:
            end += past_gap(start).replace(tzinfo=None) - start.replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        warn(f"{error}; its end was left out")
        end = duration = None
    if end is not None and end < start:
        warn("ends before it starts; its end was left out")
        end = duration = None
    if not isinstance(start, datetime):
        return start + _DAY if end is None or end <= start else end, None
    return (None, None) if end == start else (end, duration)


def duration_of(component: Any) -> timedelta | None:
    """The DURATION; None without one. Raises ValueError if it is impossible."""
    duration = single(component, "DURATION")
    if duration is None:
        return None
    if not isinstance(duration.dt, timedelta) or duration.dt < timedelta(0):
        raise ValueError("has an impossible DURATION")
    return duration.dt


def _alike(end: Moment, start: Moment) -> Moment:
    """An end of the same kind as the start: a day or an instant."""
    if isinstance(start, datetime):
        return end if isinstance(end, datetime) else datetime.combine(end, time(0), start.tzinfo)
    if isinstance(end, datetime):
        return end.date() + _DAY if end.time() != time(0) else end.date()
    return end
