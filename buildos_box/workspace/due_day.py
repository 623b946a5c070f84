"""The one rule for the day on which a task is due."""

from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, local_day


class HasDueDate(Protocol):
    """Due on a day, at an instant, or without a date; never both."""

    @property
    def due_date(self) -> date | None:
        """The day, if it is due on one."""

    @property
    def due_at(self) -> Instant | None:
        """The instant, if it is due at one."""


def due_day(task: HasDueDate, zone: ZoneInfo) -> date | None:
    """The day a task is due on: its date, or the day on which its instant falls in that zone.

    The zone is the owner's: a day in UTC is another day for half of the world.
    """
    return task.due_date if task.due_at is None else local_day(task.due_at, zone)
