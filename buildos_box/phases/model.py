"""Tasks as the planner reads them, and a plan of phases."""

from datetime import date

import msgspec

MOST_PHASES = 8


class PlanTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the planner reads it; `after` are the ids of the tasks that it depends on."""

    id: str
    title: str
    due: date | None = None
    after: tuple[str, ...] = ()
    start: date | None = None
    done: bool = False
    priority: str = "medium"


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that belong together; what they depend on is in the same or an earlier phase."""

    name: str
    task_ids: tuple[str, ...]
    description: str = ""
    start_date: date | None = None
    end_date: date | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a project is divided into phases."""

    phases: tuple[Phase, ...]
    """In the order in which they are worked through."""
    cycles: tuple[tuple[str, ...], ...] = ()
    """Of each dependency cycle, the titles of its tasks."""


class Span(msgspec.Struct, frozen=True):
    """The project's first and last day, as far as they are known; phases stay within."""

    starts: date | None = None
    ends: date | None = None

    def clip(self, first: date | None, last: date | None) -> tuple[date | None, date | None]:
        """The days moved into the span; both None if they are in the wrong order then."""
        first, last = (self._inside(day) for day in (first, last))
        return (None, None) if first and last and first > last else (first, last)

    def _inside(self, day: date | None) -> date | None:
        if day is None:
            return None
        day = max(day, self.starts) if self.starts else day
        return min(day, self.ends) if self.ends else day


def days_of(tasks: list[PlanTask], span: Span) -> tuple[date | None, date | None]:
    """The first and last day of these tasks by their own dates; None if they have none."""
    planned = [day for task in tasks for day in (task.start, task.due) if day]
    due = [task.due for task in tasks if task.due]
    return span.clip(min(planned, default=None), max(due, default=None))
