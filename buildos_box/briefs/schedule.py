"""When a user is notified of their brief, through daylight saving (docs/spec.md#brief-next-run)."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, at_wall_time, day_bounds, local_day

MONDAY = 1
HORIZON = timedelta(hours=1)
DAYS_SEARCHED = 400


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a user wants briefs. Days of the week count from 0 = Sunday.

    `weekly` without a day means Monday; `custom` without days means every day.
    """

    is_active: bool = True
    frequency: str = "daily"
    day_of_week: int | None = None
    days: tuple[int, ...] = ()
    time_of_day: time = time(9)

    def covers(self, day: date) -> bool:
        """Whether a brief is due on that calendar day."""
        weekday = day.isoweekday() % 7
        match self.frequency:
            case "weekdays":
                return 1 <= weekday <= 5
            case "weekly":
                return weekday == (MONDAY if self.day_of_week is None else self.day_of_week)
            case "custom":
                return not self.days or weekday in self.days
            case _:
                return True


def next_run(schedule: Schedule, zone: ZoneInfo, after: Instant) -> Instant | None:
    """The first instant at or after `after` whose local wall time matches; None if there is none.

    A skipped wall time becomes the first instant that exists, a repeated one its first occurrence.
    A calendar day that a zone skipped entirely has no brief.
    """
    if not schedule.is_active:
        return None
    earliest = _whole_seconds(after)
    day = local_day(earliest, zone) - timedelta(days=1)
    for _ in range(DAYS_SEARCHED):
        if schedule.covers(day) and _exists(day, zone):
            at = at_wall_time(day, schedule.time_of_day, zone)
            if at >= earliest:
                return at
        day += timedelta(days=1)
    return None


def _whole_seconds(instant: Instant) -> Instant:
    cut = instant.replace(microsecond=0)
    return cut if cut == instant else cut + timedelta(seconds=1)


def _exists(day: date, zone: ZoneInfo) -> bool:
    start, end = day_bounds(day, zone)
    return end > start


@dataclass(frozen=True, slots=True)
class QueueAt:
    """Queue the brief; its job is due at `scheduled_for`."""

    scheduled_for: Instant
    notify_at: Instant


@dataclass(frozen=True, slots=True)
class Skip:
    """No brief for this run, for that reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The run is too far ahead for now."""


def plan(
    notify_at: Instant, now: Instant, *, buffer: timedelta, lookback: timedelta
) -> QueueAt | Skip | NotYet:
    """What the hourly cron does with a run.

    A run at most an hour and the buffer ahead is queued, its job due `buffer` before it; one missed
    by at most `lookback` is made up at once; an older one is skipped.
    """
    if notify_at > now + HORIZON + buffer:
        return NotYet()
    if notify_at < now - lookback:
        return Skip("missed")
    return QueueAt(scheduled_for=max(notify_at - buffer, now), notify_at=notify_at)
