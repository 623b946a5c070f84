"""When a person is not to be disturbed: a span of wall time, perhaps across midnight (spec 7)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import UTC_ZONE, Instant, at_wall_time


@dataclass(frozen=True, slots=True)
class QuietHours:
    """`[start, end)` of every day; equal ends mean that there are none."""

    start: time
    end: time

    @classmethod
    def of(cls, start: str | None, end: str | None) -> "QuietHours | None":
        """Read `HH:MM` texts; None unless both are there."""
        if start is None or end is None:
            return None
        return cls(time.fromisoformat(start), time.fromisoformat(end))

    def covers(self, wall: time) -> bool:
        """Whether clocks that show `wall` stand in the quiet hours."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def quiet_until(quiet: QuietHours | None, at: Instant, zone: ZoneInfo) -> Instant | None:
    """When the quiet hours that hold `at` end; None if `at` is in none."""
    local = at.astimezone(zone)
    if quiet is None or not quiet.covers(local.time()):
        return None
    day = local.date() if local.time() < quiet.end else local.date() + timedelta(days=1)
    end = at_wall_time(day, quiet.end, zone)
    if end <= at:
        # Clocks went back: the end comes a second time.
        again = datetime.combine(day, quiet.end, tzinfo=zone).replace(fold=1)
        end = again.astimezone(UTC_ZONE)
    return end if end > at else None
