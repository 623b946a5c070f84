"""The order of tasks: which comes first in a brief, its subject, its SMS and on the page.

There is one order. Today's work and what it waits for come before everything else, and what is
late by more than two weeks comes after all that has a date; within that the higher priority, then
the task that more others wait for, then the earlier time.

The rules: docs/spec.md#brief-ranking.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, day_bounds
from buildos_box.workspace.due_day import due_day
from buildos_box.workspace.model import Task
from buildos_box.workspace.store.day import LONG_LATE_DAYS, UPCOMING_DAYS

PRIORITIES = ("urgent", "high", "medium", "low")
URGENT = 0
DONE, BLOCKED, IN_PROGRESS = "done", "blocked", "in_progress"
Links = Mapping[str, tuple[str, ...]]
"""For a task's id, ids of others."""


class Urgency(IntEnum):
    """How soon a task has to be done, by its date and state alone."""

    NOW = 0
    """Due today, late by at most two weeks, or of priority urgent and due within a week."""
    NEXT = 1
    """Due tomorrow, or to begin today."""
    SOON = 2
    """Due within a week."""
    UNDER_WAY = 3
    """In progress, without a date."""
    STALE = 4
    """Late by more than two weeks."""
    LATER = 5
    """Anything else."""


Pressure = tuple[Urgency, int]
"""Urgency and priority (0 for urgent … 3 for low): the smaller, the sooner."""
Key = tuple[bool, Pressure, int, tuple[bool, float], int, str, str]


def priority_rank(task: Task) -> int:
    """0 for urgent … 3 for low; an unknown value counts as medium."""
    return PRIORITIES.index(task.priority if task.priority in PRIORITIES else "medium")


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of one user's tasks on a day; made by `ranking`."""

    brief_date: date
    zone: ZoneInfo
    pressure: Mapping[str, Pressure]
    """Of each open task, or of a task that waits for it if that is more pressing."""
    held_up: frozenset[str]
    """Tasks that are blocked or wait for another open one."""
    waiting: Mapping[str, int]
    """How many open tasks wait for a task."""

    def key(self, task: Task) -> Key:
        """The sort key: the smallest comes first."""
        pressure = self.pressure.get(task.id, (Urgency.LATER, priority_rank(task)))
        return (
            task.id in self.held_up,
            pressure,
            -self.waiting.get(task.id, 0),
            self._time(task),
            priority_rank(task),
            task.title.casefold(),
            task.id,
        )

    def urgency(self, task: Task) -> Urgency:
        """How soon the task has to be done, what waits for it included."""
        return self.pressure.get(task.id, (Urgency.LATER, 0))[0]

    def is_action(self, task: Task) -> bool:
        """Whether it can be begun now and is worth naming as one of the first things to do."""
        if task.id not in self.pressure or task.id in self.held_up:
            return False
        stale = urgency_of(task, self.brief_date, self.zone) is Urgency.STALE
        return not stale and self.urgency(task) < Urgency.STALE

    def _time(self, task: Task) -> tuple[bool, float]:
        """What is still to come by its time; then what is late, the newest first."""
        due = _due_instant(task, self.zone)
        day = due_day(task, self.zone)
        if due is None or day is None:
            return False, float("inf")
        late = day < self.brief_date
        return late, -due.timestamp() if late else due.timestamp()


def ranking(
    tasks: Mapping[str, Task],
    waits_for: Links,
    waited_on_by: Links,
    *,
    brief_date: date,
    zone: ZoneInfo,
) -> Ranking:
    """The order of these tasks, by id; the links are among them."""
    open_tasks = {task.id: task for task in tasks.values() if task.status != DONE}
    blockers = _open_links(waits_for, open_tasks)
    waiting = _open_links(waited_on_by, open_tasks)
    own = {
        task.id: (urgency_of(task, brief_date, zone), priority_rank(task))
        for task in open_tasks.values()
    }
    held = {task_id for task_id, others in blockers.items() if others}
    held |= {task.id for task in open_tasks.values() if task.status == BLOCKED}
    return Ranking(
        brief_date=brief_date,
        zone=zone,
        pressure=_inherited(own, blockers, waiting),
        held_up=frozenset(held),
        waiting={task_id: len(others) for task_id, others in waiting.items()},
    )


def urgency_of(task: Task, brief_date: date, zone: ZoneInfo) -> Urgency:
    """How soon the task itself has to be done."""
    due = due_day(task, zone)
    if due is None:
        if task.start_date == brief_date:
            return Urgency.NEXT
        return Urgency.UNDER_WAY if task.status == IN_PROGRESS else Urgency.LATER
    days = (due - brief_date).days
    if days < -LONG_LATE_DAYS:
        return Urgency.STALE
    if days <= 0 or (days <= UPCOMING_DAYS and priority_rank(task) == URGENT):
        return Urgency.NOW
    if days == 1 or task.start_date == brief_date:
        return Urgency.NEXT
    return Urgency.SOON if days <= UPCOMING_DAYS else Urgency.LATER


def _inherited(own: dict[str, Pressure], blockers: Links, waiting: Links) -> dict[str, Pressure]:
    """A task is as pressing as the most pressing one that waits for it, directly or not."""
    found = dict(own)
    left = {task_id: len(waiting.get(task_id, ())) for task_id in own}
    ready = [task_id for task_id, count in left.items() if not count]
    while ready:
        task_id = ready.pop()
        for other in blockers.get(task_id, ()):
            found[other] = min(found[other], found[task_id])
            left[other] -= 1
            if not left[other]:
                ready.append(other)
    return found


def _open_links(links: Links, open_tasks: Mapping[str, Task]) -> dict[str, tuple[str, ...]]:
    return {
        task_id: tuple(other for other in others if other in open_tasks)
        for task_id, others in links.items()
        if task_id in open_tasks
    }


def _due_instant(task: Task, zone: ZoneInfo) -> Instant | None:
    """When it is due; a day without a time counts as its end."""
    if task.due_at is not None or task.due_date is None:
        return task.due_at
    return day_bounds(task.due_date, zone)[1]
