"""When a reminder is sent, or why there is none: pure functions (docs/spec.md#reminder-rules)."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant
from buildos_box.quiet_hours import QuietHours, quiet_until
from buildos_box.workspace.model import Event

GRACE = timedelta(minutes=5)
"""A reminder without lead time is not late for that long after the event's start."""


LONGEST_LEAD = timedelta(days=1)
PLANNED_BY = timedelta(minutes=30)
"""So long after a local midnight the new day is planned at the latest (cron `daily_sms`)."""


def covered_until(end_of_day: Instant, lead: timedelta) -> Instant:
    """Up to which start the plan of a day covers events.

    An event of the next day may have to be reminded of before that day is planned.
    """
    return end_of_day + lead + PLANNED_BY


@dataclass(frozen=True, slots=True)
class SendAt:
    """Send the reminder at that instant."""

    at: Instant


@dataclass(frozen=True, slots=True)
class Skip:
    """No reminder, for that reason; not a failure."""

    reason: str


def deadline(start: Instant, lead: timedelta) -> Instant:
    """When a reminder expires: at the event's start, with a grace period if there
    is no lead time.
    """
    return start if lead else start + GRACE


def decide_reminder(
    event: Event,
    *,
    lead: timedelta,
    quiet: QuietHours | None,
    zone: ZoneInfo,
    now: Instant,
) -> SendAt | Skip:
    """Whether and when to remind of the event; a time that has passed means now."""
    if event.all_day or event.start_at is None:
        return Skip("all_day")
    if event.status != "confirmed":
        return Skip(f"event_{event.status}")
    if event.declined:
        return Skip("declined")
    latest = deadline(event.start_at, lead)
    if now >= latest:
        return Skip("event_started")
    at = max(event.start_at - lead, now)
    end = quiet_until(quiet, at, zone)
    if end is None:
        return SendAt(at)
    return SendAt(end) if end < latest else Skip("quiet_hours")
