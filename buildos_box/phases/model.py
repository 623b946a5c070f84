"""A project's tasks as a plan reads them, and a plan of phases."""

from datetime import date

import msgspec

MOST_PHASES = 8


class PlanTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as a plan reads it; `after` are the ids of the tasks it waits for."""

    id: str
    title: str
    due: date | None = None
    after: tuple[str, ...] = ()
    start: date | None = None
    done: bool = False
    priority: str = "medium"


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that belong together; those that they wait for stand here or in earlier phases."""

    name: str
    task_ids: tuple[str, ...]
    description: str = ""
    start_date: date | None = None
    end_date: date | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Phases in order, and the titles of tasks that wait for each other in a dependency cycle."""

    phases: tuple[Phase, ...]
    cycles: tuple[tuple[str, ...], ...] = ()


class Span(msgspec.Struct, frozen=True):
    """The days that a project runs from and to, where they are known; phases stay inside."""

    starts: date | None = None
    ends: date | None = None

    def clip(self, first: date | None, last: date | None) -> tuple[date | None, date | None]:
        """Those days moved into the span; both None if they are the wrong way round then."""
        first, last = (self._inside(day) for day in (first, last))
        return (None, None) if first and last and first > last else (first, last)

    def _inside(self, day: date | None) -> date | None:
        if day is None:
            return None
        day = max(day, self.starts) if self.starts else day
        return min(day, self.ends) if self.ends else day


def days_of(tasks: list[PlanTask], span: Span) -> tuple[date | None, date | None]:
    """From when to when those tasks are planned, by their own dates; None where none has any."""
    planned = [day for task in tasks for day in (task.start, task.due) if day]
    due = [task.due for task in tasks if task.due]
    return span.clip(min(planned, default=None), max(due, default=None))
