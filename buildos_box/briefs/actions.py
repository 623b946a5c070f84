"""What to do first, and why: at most three tasks that can be begun now, by the ranking.

The rules: docs/spec.md#brief-content.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Literal

import msgspec

from buildos_box.briefs import texts
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.ranking import IN_PROGRESS
from buildos_box.briefs.text import quoted
from buildos_box.workspace.model import Project, Task
from buildos_box.workspace.store.day import LONG_LATE_DAYS

MAX_ACTIONS = 3


class PriorityAction(msgspec.Struct, frozen=True, kw_only=True):
    """One of the first things to do: a task or project by its id, and the reason in a clause."""

    ref_kind: Literal["task", "project"]
    ref_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Action:
    """A task to do first.

    `waiter` is the one task that waits for it, which its reason names; `waiting` is how many do.
    """

    task: Task
    waiter: Task | None
    waiting: int


def actions(facts: DayFacts) -> list[Action]:
    """The first things to do, the most pressing first; at least one if there is any fresh task."""
    chosen = chosen_tasks(facts)
    taken = {task.id for task in chosen}
    found = []
    for task in chosen:
        waiting = facts.waiting(task)
        waiter = waiting[0] if len(waiting) == 1 and waiting[0].id not in taken else None
        if waiter is not None:
            taken.add(waiter.id)
        found.append(Action(task, waiter, len(waiting)))
    return found


def chosen_tasks(facts: DayFacts) -> list[Task]:
    """At most three that can be begun; else the next open one; else the first that is held up."""
    ranked = facts.ranked
    chosen = [task for task in ranked if facts.ranking.is_action(task)][:MAX_ACTIONS]
    fresh = [task for task in ranked if facts.days_late(task) <= LONG_LATE_DAYS]
    return chosen or fresh[:1]


def project_to_decide(facts: DayFacts) -> Project | None:
    """The project that needs a decision, where no task can be begun; None if there is none."""
    return next((p for p in facts.projects if not facts.counts_of(p.id).open), None)


def priority_actions(facts: DayFacts) -> list[PriorityAction]:
    """The same with their reasons in plain text; a project's if there is no task."""
    found = [
        PriorityAction(
            ref_kind="task",
            ref_id=action.task.id,
            reason=reason(facts, action, lambda task: quoted(task.title)),
        )
        for action in actions(facts)
    ]
    project = None if found else project_to_decide(facts)
    if project is not None:
        why = decision(facts, project)
        found = [PriorityAction(ref_kind="project", ref_id=project.id, reason=why)]
    return found


def reason(facts: DayFacts, action: Action, named: Callable[[Task], str]) -> str:
    """Why the task comes now, in clauses; `named` writes the title of another task."""
    task, language = action.task, facts.language
    clauses = [standing(facts, task)]
    if task.priority == "urgent":
        clauses.append(language.say(texts.IS_URGENT))
    if task.id in facts.ranking.held_up:
        clauses.append(language.say(texts.HELD_UP))
    if action.waiter is not None:
        due = standing_in_short(facts, action.waiter)
        text = texts.ONE_WAITS_DUE if due else texts.ONE_WAITS
        clauses.append(language.say(text, task=named(action.waiter), due=due))
    elif action.waiting:
        clauses.append(language.count(texts.WAITING, action.waiting))
    return reduce(lambda said, more: language.say(texts.CLAUSES, said=said, more=more), clauses)


def standing(facts: DayFacts, task: Task) -> str:
    """The task's due time or state, as a clause."""
    due, today, language = facts.due(task), facts.brief_date, facts.language
    if due is None:
        return language.say(_standing_undated(task, today))
    if due < today:
        return late(facts, task)
    if due > today:
        text = texts.STARTS_TODAY_DUE if task.start_date == today else texts.DUE_ON
        return language.say(text, day=language.coming_day(due, today))
    if task.due_at is None:
        return language.say(texts.DUE_TODAY)
    text = texts.WAS_DUE_AT if task.due_at < facts.now else texts.DUE_TODAY_AT
    return language.say(text, time=language.spoken_time(task.due_at, facts.zone))


def _standing_undated(task: Task, today: date) -> str:
    if task.start_date == today:
        return texts.STARTS_TODAY
    return texts.IN_PROGRESS if task.status == IN_PROGRESS else texts.NEXT_OPEN


def standing_in_short(facts: DayFacts, task: Task) -> str:
    """The same for a task in another one's line: only what that line does not make obvious."""
    due, today, language = facts.due(task), facts.brief_date, facts.language
    if due is None:
        return ""
    if due < today:
        return late(facts, task)
    if due > today:
        return language.say(texts.DUE_ON, day=language.coming_day(due, today))
    if task.due_at is None:
        return language.say(texts.DUE_TODAY)
    return language.spoken_time(task.due_at, facts.zone)


def late(facts: DayFacts, task: Task) -> str:
    """How late the task is."""
    days = facts.days_late(task)
    if days == 1:
        return facts.language.say(texts.DUE_YESTERDAY)
    return facts.language.count(texts.DAYS_LATE, days)


def decision(facts: DayFacts, project: Project) -> str:
    """What has to be decided about a project without an open task."""
    due, today, language = project.due_date, facts.brief_date, facts.language
    if due is None:
        return language.say(texts.PROJECT_EMPTY)
    if due < today:
        return language.say(texts.PROJECT_EMPTY_PAST)
    return language.say(texts.PROJECT_EMPTY_DUE, day=language.coming_day(due, today))
