"""Quiet hours: a daily span of wall time, perhaps across midnight, in which nobody is disturbed.

The one rule for SMS and for do-not-disturb (docs/spec.md#sms-quiet-hours): an instant is quiet if
and only if clocks of the person's zone show a time within the span, also where clocks change.
"""

from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, instants_of_wall_time


@dataclass(frozen=True, slots=True)
class QuietHours:
    """`[start, end)` of every day; equal ends mean that there are none."""

    start: time
    end: time

    @classmethod
    def of(cls, start: str | None, end: str | None) -> "QuietHours | None":
        """Read two `HH:MM` texts; None unless both are given. Raises ValueError."""
        if start is None or end is None:
            return None
        return cls(time.fromisoformat(start), time.fromisoformat(end))

    def covers(self, wall: time) -> bool:
        """Whether `wall` lies in the span."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def quiet_until(quiet: QuietHours | None, at: Instant, zone: ZoneInfo) -> Instant | None:
    """When the quiet hours that hold `at` end; None if `at` is in none.

    They end when the clocks next show the end; where that time is skipped, at the first instant
    after it; where it comes twice, each time.
    """
    until = at
    # More than one turn only where a zone skips a whole day: its first instant is quiet again.
    while quiet is not None and quiet.covers(until.astimezone(zone).time()):
        until = _next_end(quiet.end, until, zone)
    return until if until > at else None


def _next_end(end: time, after: Instant, zone: ZoneInfo) -> Instant:
    """The first instant later than `after` at which clocks show `end`, or have just skipped it."""
    today = after.astimezone(zone).date()
    return min(
        instant
        for day in (today, today + timedelta(days=1))
        for instant in instants_of_wall_time(day, end, zone)
        if instant > after
    )
