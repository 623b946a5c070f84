"""Instants, and what clocks show somewhere: the slow way, from the rules alone."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_zone = lru_cache(maxsize=None)(ZoneInfo)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(maxsize=100_000)
def wall_instant(day: date, wall: time, zone: str) -> datetime:
    """The first instant at which clocks there show that time, or, if none does, a later one.

    The slow way: go through the minutes around it.
    """
    tz = _zone(zone)
    naive = datetime.combine(day, wall)
    guess = naive.replace(tzinfo=tz).astimezone(UTC) - timedelta(hours=3)
    # Coarse steps to the last quarter hour at which clocks show less, then minutes.
    while (guess + 15 * MINUTE).astimezone(tz).replace(tzinfo=None) < naive:
        guess += 15 * MINUTE
    while guess.astimezone(tz).replace(tzinfo=None) < naive:
        guess += MINUTE
    return guess


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(_zone(zone))


def in_quiet(quiet: tuple[str, str] | None, wall: time) -> bool:
    if quiet is None:
        return False
    begin, end = time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])
    if begin <= end:
        return begin <= wall < end
    return wall >= begin or wall < end
