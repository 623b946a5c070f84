"""What a person wants, and when their briefs are due by it."""

from dataclasses import dataclass
from datetime import date, datetime, time

from tests.simulation.wall_time import DAY, local, wall_instant


@dataclass(frozen=True)
class Wishes:
    """All that a person wants, as it was at one time."""

    zone: str = "UTC"
    active: bool = True
    frequency: str = "daily"
    day_of_week: int = 1
    days: tuple[int, ...] = ()
    time_of_day: str = "09:00"
    email: bool = True
    has_preferences: bool = False
    reminders: bool = False
    lead: int = 15
    quiet: tuple[str, str] | None = None
    limit: int = 10
    number: str | None = None
    stopped: bool = False
    unsure: bool = False
    """A word of STOP or START was never answered: it may have been heard, or not."""


def covers(wishes: Wishes, day: date) -> bool:
    weekday = (day.weekday() + 1) % 7
    if wishes.frequency == "weekdays":
        return weekday not in (0, 6)
    if wishes.frequency == "weekly":
        return weekday == wishes.day_of_week
    if wishes.frequency == "custom" and wishes.days:
        return weekday in wishes.days
    return True


def runs_of(wishes: Wishes, begin: datetime, end: datetime) -> list[tuple[datetime, date]]:
    """When briefs are to be told of between two instants, and of which day each is."""
    if not wishes.active or not wishes.has_preferences:
        return []
    found = []
    day = local(begin, wishes.zone).date() - DAY
    while day <= local(end, wishes.zone).date() + DAY:
        at = wall_instant(day, time.fromisoformat(wishes.time_of_day), wishes.zone)
        if covers(wishes, day) and begin <= at < end:
            found.append((at, day))
        day += DAY
    return found
