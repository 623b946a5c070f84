"""The built-in analyst: what can be said of a day by fixed rules, without a language model.

Every sentence follows from the facts; the same facts give the same words. `Analysis` is also
what a language model is asked for. All text in it is plain: `compose` escapes it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import msgspec

from buildos_box.briefs.agenda import conflicts, free_spans, meetings, total
from buildos_box.briefs.facts import BLOCKED, Category, DayFacts, Project, Task, priority_rank
from buildos_box.briefs.text import name, quoted
from buildos_box.briefs.words import (
    clock_time,
    coming_day,
    counted,
    in_words,
    length,
    listed,
    number,
    sentence,
    weekday,
)

BUILTIN = "builtin"
"""The `analysis_source` of what is written here."""

MAX_INSIGHTS = 5
MAX_PRIORITIES = 5
ENOUGH_PRIORITIES = 3

LONG_LATE_DAYS = 14
STILL = timedelta(days=14)
PROJECT_DUE_SOON_DAYS = 7
TIGHT = timedelta(minutes=45)
"""Free time per task below which a day is called tight."""
FULL_DAY = timedelta(hours=5)
LONG_ENOUGH = timedelta(minutes=60)


class PriorityAction(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: a task or project by its id, and why now, in one sentence."""

    ref_kind: Literal["task", "project"]
    ref_id: str
    reason: str


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement of the day, up to five insights, and one to five things to do first."""

    summary: str
    insights: list[str]
    priorities: list[PriorityAction]


@dataclass(frozen=True)
class Finding:
    """One sentence and how much it matters (higher is shown first)."""

    weight: int
    text: str


def analyse(facts: DayFacts) -> Analysis:
    """The built-in analyst's view of a day; empty for a day without anything in it."""
    if facts.is_empty:
        return Analysis(summary="", insights=[], priorities=[])
    findings = [finding for rule in RULES for finding in rule(facts)]
    findings.sort(key=lambda finding: -finding.weight)
    return Analysis(
        summary=judgement(facts),
        insights=[finding.text for finding in findings[:MAX_INSIGHTS]],
        priorities=priorities(facts),
    )


def judgement(facts: DayFacts) -> str:
    """What kind of day it is, in a sentence."""
    work = len(facts.split.today) + len(facts.split.overdue)
    busy = total_meetings(facts)
    free = total(free_spans(facts.events, facts.brief_date, facts.zone))
    spent = f"{length(busy)} of meetings"
    room = f"{length(free)} free between 09:00 and 18:00"
    if not work:
        return f"A day for what matters in the long run: nothing is due, with {room}."
    if busy and is_tight(facts):
        return f"A tight day: {spent}, and {room} for {in_words(work, 'task')} due or late."
    if busy:
        return f"A manageable day: {spent}, and {room} for {in_words(work, 'task')} due or late."
    return f"No meetings: {room}, for {in_words(work, 'task')} due or late."


def total_meetings(facts: DayFacts) -> timedelta:
    """How long the day's meetings take between 09:00 and 18:00, overlaps counted once."""
    everything = total(free_spans((), facts.brief_date, facts.zone))
    return everything - total(free_spans(facts.events, facts.brief_date, facts.zone))


def is_tight(facts: DayFacts) -> bool:
    """Whether meetings leave little time for what is due: under 45 minutes for each task."""
    work = len(facts.split.today) + len(facts.split.overdue)
    free = total(free_spans(facts.events, facts.brief_date, facts.zone))
    return total_meetings(facts) >= FULL_DAY or free < TIGHT * work


def late_and_in_the_way(facts: DayFacts) -> Iterator[Finding]:
    """Late tasks that others wait for."""
    for task in facts.split.overdue:
        waiting = facts.waiting(task)
        if waiting:
            who = listed([quoted(other.title) for other in waiting[:2]])
            rest = f" and {number(len(waiting) - 2)} more" if len(waiting) > 2 else ""
            late = _late(facts.days_late(task))
            verb = "waits" if len(waiting) == 1 else "wait"
            text = f"{quoted(task.title)} is {late}, and {who}{rest} {verb} for it."
            yield Finding(90 + min(len(waiting), 5), text)


def due_but_held_up(facts: DayFacts) -> Iterator[Finding]:
    """Tasks of today that cannot be finished before another one is."""
    for task in facts.split.today:
        blockers = [t for t in facts.blockers(task) if facts.days_late(t) <= 0]
        if blockers and facts.due(task) == facts.brief_date:
            what = quoted(blockers[0].title)
            yield Finding(85, f"{quoted(task.title)} is due today but waits for {what}.")


def events_that_clash(facts: DayFacts) -> Iterator[Finding]:
    """Meetings at the same time."""
    for first, second, (start, end) in conflicts(facts.events):
        since, until = clock_time(start, facts.zone), clock_time(end, facts.zone)
        pair = f"{quoted(first.title)} and {quoted(second.title)}"
        yield Finding(80, f"{pair} overlap from {since} to {until}: one of them has to give.")


def room_to_work(facts: DayFacts) -> Iterator[Finding]:
    """The longest stretch without a meeting, on a day that has both meetings and work."""
    spans = free_spans(facts.events, facts.brief_date, facts.zone)
    work = [*facts.split.overdue, *facts.split.today]
    if not work or not meetings(facts.events):
        return
    if not spans or max(end - start for start, end in spans) < LONG_ENOUGH:
        yield Finding(70, "No free hour between 09:00 and 18:00: clear one, or move what is due.")
        return
    start, end = max(spans, key=lambda span: (span[1] - span[0], -span[0].timestamp()))
    stretch = f"{clock_time(start, facts.zone)} to {clock_time(end, facts.zone)}"
    hint = "keep it for the hardest task" if is_tight(facts) else "a good time for the hardest task"
    yield Finding(55, f"The longest free stretch is {stretch}: {hint}.")


def projects_due_soon(facts: DayFacts) -> Iterator[Finding]:
    """Projects near or past their own due date with work left."""
    for project in facts.projects:
        days, left = _days_left(project, facts.brief_date), len(facts.open_tasks(project.id))
        if days is None or days > PROJECT_DUE_SOON_DAYS or not left:
            continue
        late = len(facts.split.of_project(project.id).overdue)
        tasks = f"{counted(left, 'open task')}{f', {late} of them late' if late else ''}"
        if days < 0:
            text = f"was due {counted(-days, 'day')} ago and still has {tasks}"
        elif days == 0:
            text = f"is due today with {tasks}"
        else:
            text = f"is due in {counted(days, 'day')} with {tasks}"
        yield Finding(78 - max(days, 0), f"{name(project.title, 60)} {text}.")


def long_late(facts: DayFacts) -> Iterator[Finding]:
    """Tasks so late that their dates mean nothing any more."""
    old = [t for t in facts.split.overdue if facts.days_late(t) > LONG_LATE_DAYS]
    if len(old) == 1:
        yield Finding(
            60, f"{quoted(old[0].title)} is {_late(facts.days_late(old[0]))}: a new date, or drop it."
        )
    elif old:
        many = in_words(len(old), "task")
        yield Finding(60, sentence(f"{many} are more than two weeks late: new dates, or drop them"))


def crowded_day_ahead(facts: DayFacts) -> Iterator[Finding]:
    """The day of the coming week on which most is due, if it stands out."""
    days: dict[date, int] = {}
    for task in facts.split.upcoming:
        due = facts.due(task)
        assert due is not None
        days[due] = days.get(due, 0) + 1
    if days:
        day, count = max(days.items(), key=lambda item: (item[1], -item[0].toordinal()))
        if count >= 3:
            near = coming_day(day, facts.brief_date)
            said = near if near == "tomorrow" else f"on {weekday(day)}"
            text = f"{in_words(count, 'task')} are due {said}: start one of them today"
            yield Finding(50, sentence(text))


def projects_standing_still(facts: DayFacts) -> Iterator[Finding]:
    """Projects with open tasks in which nothing has changed for two weeks."""
    for project in facts.projects:
        days = still_days(facts, project)
        if days and facts.open_tasks(project.id):
            text = f"Nothing has moved in {name(project.title, 60)} for {counted(days, 'day')}."
            yield Finding(45, text)


def adrift(facts: DayFacts) -> Iterator[Finding]:
    """Several tasks under way without any date."""
    count = len([t for t in facts.split.undated if t.status != BLOCKED])
    if count >= 3:
        text = f"{in_words(count, 'task')} are in progress without a date: finish one first"
        yield Finding(40, sentence(text))


def work_on_a_holiday(facts: DayFacts) -> Iterator[Finding]:
    """Work that falls on a public holiday."""
    due = len(facts.split.today)
    if facts.holidays and due:
        verb = "falls" if due == 1 else "fall"
        holiday = name(facts.holidays[0], 60)
        text = f"{in_words(due, 'task')} {verb} on {holiday}; others may be away"
        yield Finding(52, sentence(text))


def progress_made(facts: DayFacts) -> Iterator[Finding]:
    """What was finished since the day before."""
    done = facts.split.completed
    if len(done) >= 2:
        yield Finding(30, sentence(f"{in_words(len(done), 'task')} finished since yesterday"))


RULES: tuple[Callable[[DayFacts], Iterator[Finding]], ...] = (
    late_and_in_the_way,
    due_but_held_up,
    events_that_clash,
    projects_due_soon,
    room_to_work,
    long_late,
    work_on_a_holiday,
    crowded_day_ahead,
    projects_standing_still,
    adrift,
    progress_made,
)


def priorities(facts: DayFacts) -> list[PriorityAction]:
    """What to do first: at most five, at least one if there is any task or project to name."""
    scored = [(score(facts, task), task) for task in facts.tasks if task.status != "done"]
    scored.sort(key=lambda pair: (-pair[0], pair[1].title.casefold(), pair[1].id))
    chosen = [task for points, task in scored if points > 0][:MAX_PRIORITIES]
    if len([t for t in chosen if t.id in _pressing(facts)]) >= ENOUGH_PRIORITIES:
        chosen = [t for t in chosen if t.id in _pressing(facts)]
    actions = [
        PriorityAction(ref_kind="task", ref_id=task.id, reason=reason(facts, task))
        for task in chosen
    ]
    room = max(0, ENOUGH_PRIORITIES - len(actions))
    return actions + list(project_actions(facts))[:room]


def score(facts: DayFacts, task: Task) -> int:
    """How pressing a task is; 0 or less means that it is no candidate."""
    late = facts.days_late(task)
    waiting = facts.waiting(task)
    points = {0: 25, 1: 12, 2: 0, 3: -12}[priority_rank(task)]
    points += 10 * min(len(waiting), 3)
    points += 15 * any(_is_pressing(facts, other) for other in waiting)
    if task in facts.split.overdue:
        points += 50 + min(late, 10)
    elif task in facts.split.today:
        points += 45 + 8 * (task.due_at is not None)
    elif task in facts.split.upcoming:
        points += 15 + 3 * (7 + late)
    elif task in facts.split.undated:
        points += 15
    elif not waiting:
        return 0
    if facts.blockers(task):
        return points - 100
    return points - 40 * (task.status == BLOCKED)


def reason(facts: DayFacts, task: Task) -> str:
    """Why this task now, as one plain sentence."""
    said = [_standing(facts, task)]
    if task.priority == "urgent":
        said.append("urgent")
    waiting = facts.waiting(task)
    if task.status == BLOCKED:
        said.append("marked as blocked, so find out what it needs")
    if waiting:
        verb = "waits" if len(waiting) == 1 else "wait"
        who = quoted(waiting[0].title) if len(waiting) == 1 else in_words(len(waiting), "task")
        said.append(f"{who} {verb} for it")
    return sentence("; ".join(part for part in said if part))


def project_actions(facts: DayFacts) -> Iterator[PriorityAction]:
    """Projects that need a decision rather than a task done."""
    for project in facts.projects:
        why = _needs_decision(facts, project)
        if why:
            yield PriorityAction(ref_kind="project", ref_id=project.id, reason=why)


def still_days(facts: DayFacts, project: Project) -> int:
    """Days since anything changed in a project, if 14 or more; 0 if less or not known."""
    moments = [t.completed_at for t in facts.tasks if t.project_id == project.id]
    moments += [t.updated_at for t in facts.tasks if t.project_id == project.id]
    moments += [n.updated_at for n in facts.notes if n.project_id == project.id]
    known = [moment for moment in moments if moment is not None]
    since = facts.now - max(known) if known else timedelta(0)
    return since.days if since >= STILL else 0


def _needs_decision(facts: DayFacts, project: Project) -> str:
    days, left = _days_left(project, facts.brief_date), len(facts.open_tasks(project.id))
    if not left:
        if days is not None and days <= PROJECT_DUE_SOON_DAYS:
            when = "is past its due date" if days < 0 else f"is due in {counted(days, 'day')}"
            return f"It {when} and has no open task: close it, or write down what is left."
        return "It has no open task: write down the next step, or close it."
    still = still_days(facts, project)
    if still:
        return f"Nothing has moved for {counted(still, 'day')}: take the next step, or pause it."
    if facts.split.of_project(project.id).is_empty:
        return f"{in_words(left, 'open task').capitalize()}, none with a date near: pick the next."
    return ""


def _standing(facts: DayFacts, task: Task) -> str:
    """Where the task stands in time, as a phrase."""
    due, today = facts.due(task), facts.brief_date
    late = facts.days_late(task)
    if late > 0:
        return _late(late)
    if due == today:
        return f"due today by {clock_time(task.due_at, facts.zone)}" if task.due_at else "due today"
    if task.start_date == today:
        return f"starts today, due {coming_day(due, today)}" if due else "starts today"
    if due is not None:
        return f"due {coming_day(due, today)}"
    return "in progress without a date" if task in facts.split.listed(Category.UNDATED) else ""


def _pressing(facts: DayFacts) -> set[str]:
    return {task.id for task in facts.tasks if _is_pressing(facts, task) or facts.waiting(task)}


def _is_pressing(facts: DayFacts, task: Task) -> bool:
    """Late, of today, or due tomorrow."""
    due = facts.due(task)
    near = due is not None and due <= facts.brief_date + timedelta(days=1)
    return near or task in facts.split.today


def _late(days: int) -> str:
    return f"{counted(days, 'day')} late"


def _days_left(project: Project, today: date) -> int | None:
    return (project.due_date - today).days if project.due_date else None
