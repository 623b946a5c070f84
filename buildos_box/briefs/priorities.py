"""The priority actions by fixed rules: each names an existing task or project.

The rules: docs/spec.md#brief-content.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

import msgspec

from buildos_box.briefs.facts import BLOCKED, DONE, Category, DayFacts, priority_rank
from buildos_box.briefs.formatting import clock_time, coming_day, counted, in_words, sentence
from buildos_box.briefs.text import quoted
from buildos_box.workspace.model import Project, Task

MAX_PRIORITIES = 5
ENOUGH_PRIORITIES = 3

PROJECT_DUE_SOON_DAYS = 7
STILL = timedelta(days=14)

_BY_PRIORITY = (25, 12, 0, -12)
_HELD_UP = 100
_MARKED_BLOCKED = 40


class PriorityAction(msgspec.Struct, frozen=True, kw_only=True):
    """One priority: a task or project by its id, and the reason in one sentence."""

    ref_kind: Literal["task", "project"]
    ref_id: str
    reason: str


def priorities(facts: DayFacts) -> list[PriorityAction]:
    """The priority actions: at most five, at least one if there is any project."""
    scored = [(score(facts, task), task) for task in facts.tasks if task.status != DONE]
    scored.sort(key=lambda pair: (-pair[0], pair[1].title.casefold(), pair[1].id))
    chosen = [task for points, task in scored if points > 0]
    pressing = [t for t in chosen if is_pressing(facts, t) or facts.waiting(t)]
    if len(pressing) >= ENOUGH_PRIORITIES:
        chosen = pressing
    actions = [task_action(facts, task) for task in chosen[:MAX_PRIORITIES]]
    if len(actions) < ENOUGH_PRIORITIES:
        actions += list(project_actions(facts))[: ENOUGH_PRIORITIES - len(actions)]
    return actions or [task_action(facts, task) for _, task in scored[:1]]


def task_action(facts: DayFacts, task: Task) -> PriorityAction:
    """The action to do this task, with its reason."""
    return PriorityAction(ref_kind="task", ref_id=task.id, reason=reason(facts, task))


def project_actions(facts: DayFacts) -> Iterator[PriorityAction]:
    """Actions for projects that need a decision rather than a task."""
    for project in facts.projects:
        why = _needs_decision(facts, project)
        if why:
            yield PriorityAction(ref_kind="project", ref_id=project.id, reason=why)


def score(facts: DayFacts, task: Task) -> int:
    """How urgent a task is; 0 or less means that it is not a candidate."""
    waiting = facts.waiting(task)
    points = _BY_PRIORITY[priority_rank(task)]
    points += 10 * min(len(waiting), 3)
    points += 15 * any(is_pressing(facts, other) for other in waiting)
    late = facts.days_late(task)
    match facts.category.get(task.id):
        case Category.OVERDUE:
            points += 50 + min(late, 10)
        case Category.TODAY:
            points += 45 + 8 * (task.due_at is not None)
        case Category.UPCOMING:
            points += 36 + 3 * late
        case Category.UNDATED:
            points += 15
        case _ if not waiting:
            return 0
    if facts.blockers(task):
        return points - _HELD_UP
    return points - _MARKED_BLOCKED * (task.status == BLOCKED)


def reason(facts: DayFacts, task: Task) -> str:
    """Why this task is next, as one plain sentence."""
    said = [_standing(facts, task)]
    if task.priority == "urgent":
        said.append("urgent")
    if task.status == BLOCKED or facts.blockers(task):
        said.append("held up, so find out what it needs")
    waiting = facts.waiting(task)
    if waiting:
        verb = "waits" if len(waiting) == 1 else "wait"
        who = quoted(waiting[0].title) if len(waiting) == 1 else in_words(len(waiting), "task")
        said.append(f"{who} {verb} for it")
    return sentence("; ".join(part for part in said if part)) or "The next open task."


def still_days(facts: DayFacts, project: Project) -> int:
    """Days since the last change in a project, if 14 or more; 0 if fewer or unknown."""
    if not facts.has_all_tasks_of(project.id):
        return 0
    changed = [n.updated_at for n in facts.notes if n.project_id == project.id]
    changed += [task.updated_at for task in facts.tasks_of(project.id)]
    since = facts.now - max(changed, default=facts.now)
    return since.days if since >= STILL else 0


def days_left(project: Project, today: date) -> int | None:
    """Days until the project is due, negative when that has passed; None without a date."""
    return (project.due_date - today).days if project.due_date else None


def late_by(days: int) -> str:
    """`2 days late`."""
    return f"{counted(days, 'day')} late"


def is_pressing(facts: DayFacts, task: Task) -> bool:
    """Whether the task is late, due today, or due tomorrow."""
    if facts.category.get(task.id) in (Category.OVERDUE, Category.TODAY):
        return True
    due = facts.due(task)
    return due is not None and due <= facts.brief_date + timedelta(days=1)


def _needs_decision(facts: DayFacts, project: Project) -> str:
    days, left = days_left(project, facts.brief_date), facts.counts_of(project.id).open
    if not left:
        return _without_work(days)
    still = still_days(facts, project)
    if still:
        return f"Nothing has moved for {counted(still, 'day')}: take the next step, or pause it."
    if not facts.counts_of(project.id).listed:
        have = in_words(left, "open task").capitalize()
        return f"{have}, none of them due this week: choose the next step."
    return ""


def _without_work(days: int | None) -> str:
    if days is None or days > PROJECT_DUE_SOON_DAYS:
        return "It has no open task: write down the next step, or close it."
    when = "is past its due date" if days < 0 else f"is due in {counted(days, 'day')}"
    when = "is due today" if days == 0 else when
    return f"It {when} and has no open task: close it, or write down what is left."


def _standing(facts: DayFacts, task: Task) -> str:
    """The task's due date or state, as a phrase."""
    due, today = facts.due(task), facts.brief_date
    late = facts.days_late(task)
    if late > 0:
        return late_by(late)
    if due == today:
        return f"due today by {clock_time(task.due_at, facts.zone)}" if task.due_at else "due today"
    if task.start_date == today:
        return f"starts today, due {coming_day(due, today)}" if due else "starts today"
    if due is not None:
        return f"due {coming_day(due, today)}"
    return "in progress without a date" if task.status == "in_progress" else ""
