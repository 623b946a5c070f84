"""The clock, and every rule about local days.

Instants are aware UTC datetimes with whole milliseconds. Nothing else reads the wall clock; what
needs the time is given a `Clock` or a `now`.

The rules: docs/spec.md#wall-time.
"""

import time as _time
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from buildos_box.errors import Unprocessable

Instant = datetime
"""An aware UTC datetime."""

NOT_ZONES = frozenset({"localtime", "Factory", "posixrules"})
"""Names of the zone database that say nothing of a place: the machine's own zone, and none set."""
UTC_ZONE = ZoneInfo("UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """A source of the time."""

    def now(self) -> Instant:
        """The present instant, UTC, whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that is never set; only differences are meaningful."""
        ...


class SystemClock:
    """The machine's clock; nothing else reads it."""

    def now(self) -> Instant:
        """The present instant, UTC, whole milliseconds."""
        # In a third of the time that rounding `datetime.now` takes; each request asks some times.
        return _EPOCH + timedelta(milliseconds=_time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return _time.monotonic()


def truncate(instant: datetime) -> Instant:
    """The same moment in UTC with whole milliseconds, rounded down."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    over = utc.microsecond % 1000
    return utc.replace(microsecond=utc.microsecond - over) if over else utc


@lru_cache(maxsize=256)
def to_text(instant: Instant) -> str:
    """`2024-10-23T09:00:00.000Z`, the only form in which instants are stored and sent."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> Instant:
    """The instant of an ISO 8601 text with an offset.

    Raises ValueError if the text is not an instant, or has no offset.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not an instant; write it like 2024-10-23T09:00:00Z"
        ) from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write it like 2024-10-23T09:00:00Z")
    try:
        return truncate(instant)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from None


def as_stored(text: str | None, field: str) -> str | None:
    """The instant of a field as it is stored; None stays None.

    Raises Unprocessable, which names the field.
    """
    try:
        return None if text is None else to_text(from_text(text))
    except ValueError as fault:
        raise Unprocessable.field(field, str(fault)) from None


def day_from_text(text: str) -> date:
    """The day of a text `YYYY-MM-DD`, the only accepted form.

    Raises ValueError. The first and last year that `date` supports are refused too, because their
    local midnights may not be representable in UTC.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or day.year in (date.min.year, date.max.year):
        raise ValueError(f"{text!r} is not a day; write it like 2024-10-23")
    return day


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every IANA zone name that this machine knows."""
    return frozenset(available_timezones() - NOT_ZONES)


@lru_cache(maxsize=1)
def _zone_spellings() -> dict[str, str]:
    return {name.lower(): name for name in zone_names()}


def zone_named(name: str) -> str | None:
    """The IANA zone of that name in any case, as IANA spells it; None if there is none."""
    return _zone_spellings().get(name.strip().lower())


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone, spelled exactly as IANA does."""
    return name in zone_names()


def zone_or_utc(name: str | None) -> ZoneInfo:
    """The zone of that name; UTC for None or an unknown name."""
    return _zone(name) if name and is_zone(name) else UTC_ZONE


# Python keeps only eight zones in memory and reads others from disk each time.
_zone = lru_cache(maxsize=None)(ZoneInfo)


def local_day(instant: Instant, zone: ZoneInfo) -> date:
    """The local day of `instant` in `zone`."""
    return instant.astimezone(zone).date()


@lru_cache(maxsize=1024)
def at_wall_time(day: date, wall: time, zone: ZoneInfo) -> Instant:
    """The instant at which clocks in `zone` show `wall` on `day`.

    A skipped wall time becomes the first instant after the gap; a repeated one means its first
    occurrence.
    """
    naive = datetime.combine(day, wall)
    first = naive.replace(tzinfo=zone, fold=0)
    second = naive.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if after <= before:
        return (naive - before).replace(tzinfo=UTC)
    return _first_instant_with_offset(
        after,
        earliest=(naive - after).replace(tzinfo=UTC),
        latest=(naive - before).replace(tzinfo=UTC),
        zone=zone,
    )


def instants_of_wall_time(day: date, wall: time, zone: ZoneInfo) -> tuple[Instant, ...]:
    """Every instant at which clocks in `zone` show `wall` on `day`: one, or two in order.

    A wall time that is skipped has the first instant that exists after it.
    """
    first = at_wall_time(day, wall, zone)
    again = datetime.combine(day, wall, tzinfo=zone).replace(fold=1).astimezone(UTC)
    return (first, again) if again > first else (first,)


def _first_instant_with_offset(
    offset: timedelta, *, earliest: Instant, latest: Instant, zone: ZoneInfo
) -> Instant:
    """Find the one change of offset between two instants by bisection; zone data
    has whole seconds.
    """
    low, high = 0, int((latest - earliest).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if (earliest + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle + 1
    return earliest + timedelta(seconds=low)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[Instant, Instant]:
    """The local day as instants `[start, end)`: 23, 24 or 25 hours; empty for a day that a zone
    skipped.

    Where clocks went back across midnight (St. John's until 2011) the day starts at the first of
    the two midnights, so that days follow each other without gap or overlap.
    """
    midnight = time(0)
    return at_wall_time(day, midnight, zone), at_wall_time(day + timedelta(days=1), midnight, zone)
