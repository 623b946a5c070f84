"""The built-in analyst: an analysis of a day by fixed rules, without a language model.

Every sentence follows from the facts; the same facts give the same sentences. `Analysis` is also
the schema of a language model's answer. All text in it is plain: `compose` escapes it.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice

import msgspec

from buildos_box.briefs.agenda import Span, conflicts, free_spans, hours_ahead, total
from buildos_box.briefs.day_changes import (
    Finding,
    free_to_begin,
    more_than_fits,
    new_since_yesterday,
)
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.formatting import (
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
from buildos_box.briefs.priorities import (
    PROJECT_DUE_SOON_DAYS,
    PriorityAction,
    days_left,
    late_by,
    priorities,
    still_days,
)
from buildos_box.briefs.text import clean, name, quoted, shorten
from buildos_box.workspace.store.day import LONG_LATE_DAYS

"""The `analysis_source` of this module's analyses."""

MAX_INSIGHTS = 5
PER_RULE = 2
"""Findings of one rule that are used at most, so that it does not crowd out others."""

TIGHT = timedelta(minutes=45)
"""Free time per task below which a day is called tight."""
FULL_DAY = timedelta(hours=5)
LONG_ENOUGH = timedelta(minutes=60)


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment of the day, up to five insights, and one to five priority actions."""

    summary: str
    insights: list[str]
    priorities: list[PriorityAction]


def cap_summary(text: str) -> str:
    """At most 400 characters and 65 words."""
    return shorten(clean(text), 400, 65)


def cap_insight(text: str) -> str:
    """At most 240 characters and 40 words."""
    return shorten(clean(text), 240, 40)


def cap_reason(text: str) -> str:
    """At most 160 characters and 25 words."""
    return shorten(clean(text), 160, 25)


def analyse(facts: DayFacts) -> Analysis:
    """The built-in analysis of a day; empty for a day without projects, tasks and events."""
    if facts.is_empty:
        return Analysis(summary="", insights=[], priorities=[])
    findings = [finding for rule in RULES for finding in islice(rule(facts), PER_RULE)]
    findings.sort(key=lambda finding: -finding.weight)
    return Analysis(
        summary=judgement(facts),
        insights=[finding.text for finding in findings[:MAX_INSIGHTS]],
        priorities=priorities(facts),
    )


def judgement(facts: DayFacts) -> str:
    """The assessment of the day in one sentence."""
    work = due_or_late(facts)
    tasks = in_words(work, "task")
    hours = _hours(facts)
    if hours is None:
        verb = "is" if work == 1 else "are"
        return sentence(f"{tasks} due or late {verb} still open") if work else "Nothing is due."
    free, busy = total(free_spans(facts.events, hours)), meeting_time(facts, hours)
    since, until = clock_time(hours[0], facts.zone), clock_time(hours[1], facts.zone)
    room = f"{length(free)} free between {since} and {until}"
    if not work and not busy:
        return "A day for what matters in the long run: nothing is due and there are no meetings."
    if not work:
        return f"A day for what matters in the long run: nothing is due, with {room}."
    if not busy:
        return f"No meetings: {room}, for {tasks} due or late."
    kind = "tight" if is_tight(facts, hours) else "manageable"
    return f"A {kind} day: {length(busy)} of meetings and {room}, for {tasks} due or late."


def due_or_late(facts: DayFacts) -> int:
    """The number of open tasks that are due on the day or late."""
    return facts.task_counts.today + facts.task_counts.overdue


def meeting_time(facts: DayFacts, hours: Span) -> timedelta:
    """How long meetings take within `hours`, overlaps counted once."""
    return (hours[1] - hours[0]) - total(free_spans(facts.events, hours))


def is_tight(facts: DayFacts, hours: Span) -> bool:
    """Whether `hours` hold five hours of meetings or leave under 45 minutes for each task."""
    free = total(free_spans(facts.events, hours))
    return meeting_time(facts, hours) >= FULL_DAY or free < TIGHT * due_or_late(facts)


def late_and_in_the_way(facts: DayFacts) -> Iterator[Finding]:
    """Late tasks that others wait for."""
    for task in facts.split.overdue:
        waiting = facts.waiting(task)
        if waiting:
            who = listed([quoted(other.title) for other in waiting[:2]])
            rest = f" and {number(len(waiting) - 2)} more" if len(waiting) > 2 else ""
            late = late_by(facts.days_late(task))
            verb = "waits" if len(waiting) == 1 else "wait"
            text = f"{quoted(task.title)} is {late}, and {who}{rest} {verb} for it."
            yield Finding(90 + min(len(waiting), 5), text)


def due_but_held_up(facts: DayFacts) -> Iterator[Finding]:
    """Tasks of today that depend on an unfinished task."""
    for task in facts.split.today:
        blockers = [t for t in facts.blockers(task) if facts.days_late(t) <= 0]
        if blockers and facts.due(task) == facts.brief_date:
            what = quoted(blockers[0].title)
            yield Finding(85, f"{quoted(task.title)} is due today but waits for {what}.")


def events_that_clash(facts: DayFacts) -> Iterator[Finding]:
    """Meetings at the same time."""
    for first, second, (start, end) in conflicts(facts.events):
        if end <= facts.now:
            continue
        since, until = clock_time(start, facts.zone), clock_time(end, facts.zone)
        pair = f"{quoted(first.title)} and {quoted(second.title)}"
        yield Finding(80, f"{pair} overlap from {since} to {until}: one of them has to give.")


def room_to_work(facts: DayFacts) -> Iterator[Finding]:
    """The longest stretch without a meeting, on a day that has both meetings and work."""
    hours = _hours(facts)
    if hours is None or not due_or_late(facts) or not meeting_time(facts, hours):
        return
    spans = free_spans(facts.events, hours)
    start, end = max(spans, key=lambda span: span[1] - span[0], default=(hours[0], hours[0]))
    if end - start < LONG_ENOUGH:
        until = clock_time(hours[1], facts.zone)
        yield Finding(70, f"No free hour before {until}: clear one, or move what is due.")
        return
    stretch = f"{clock_time(start, facts.zone)} to {clock_time(end, facts.zone)}"
    tight = is_tight(facts, hours)
    hint = "keep it for the hardest task" if tight else "a good time for the hardest task"
    yield Finding(55, f"The longest free stretch is {stretch}: {hint}.")


def projects_due_soon(facts: DayFacts) -> Iterator[Finding]:
    """Projects near or past their own due date with work left."""
    for project in facts.projects:
        days, left = days_left(project, facts.brief_date), facts.counts_of(project.id).open
        if days is None or days > PROJECT_DUE_SOON_DAYS or not left:
            continue
        late = facts.counts_of(project.id).overdue
        tasks = f"{counted(left, 'open task')}{f', {late} of them late' if late else ''}"
        if days < 0:
            text = f"was due {counted(-days, 'day')} ago and still has {tasks}"
        elif days == 0:
            text = f"is due today with {tasks}"
        else:
            text = f"is due in {counted(days, 'day')} with {tasks}"
        yield Finding(78 - max(days, 0), f"{name(project.name, 60)} {text}.")


def long_late(facts: DayFacts) -> Iterator[Finding]:
    """Tasks so late that their due dates are no longer useful."""
    old = [t for t in facts.split.overdue if facts.days_late(t) > LONG_LATE_DAYS]
    count = facts.task_counts.long_late
    if count == 1 and old:
        late = late_by(facts.days_late(old[0]))
        yield Finding(60, f"{quoted(old[0].title)} is {late}: give it a new date, or drop it.")
    elif count > 1:
        many = in_words(count, "task")
        yield Finding(
            60, sentence(f"{many} are more than two weeks late: give them new dates, or drop them")
        )


def crowded_day_ahead(facts: DayFacts) -> Iterator[Finding]:
    """The day of the coming week with most due tasks, if there are clearly more than on others."""
    if len(facts.split.upcoming) < facts.task_counts.upcoming:
        return  # which day has most can only be said of all
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
        if days and facts.counts_of(project.id).open:
            text = f"Nothing has moved in {name(project.name, 60)} for {counted(days, 'day')}."
            yield Finding(45, text)


def adrift(facts: DayFacts) -> Iterator[Finding]:
    """Several tasks in progress without any date."""
    count = facts.task_counts.adrift
    if count >= 3:
        text = f"{in_words(count, 'task')} are in progress without a date: finish one first"
        yield Finding(40, sentence(text))


def work_on_a_holiday(facts: DayFacts) -> Iterator[Finding]:
    """Work that falls on a public holiday."""
    due = facts.task_counts.today
    if facts.holidays and due:
        verb = "falls" if due == 1 else "fall"
        holiday = name(facts.holidays[0], 60)
        text = f"{in_words(due, 'task')} {verb} on {holiday}; others may be away"
        yield Finding(52, sentence(text))


def progress_made(facts: DayFacts) -> Iterator[Finding]:
    """What was finished since the day before."""
    done = facts.task_counts.completed
    if done >= 2:
        yield Finding(30, sentence(f"{in_words(done, 'task')} finished since yesterday"))


RULES: tuple[Callable[[DayFacts], Iterator[Finding]], ...] = (
    late_and_in_the_way,
    due_but_held_up,
    events_that_clash,
    projects_due_soon,
    more_than_fits,
    room_to_work,
    free_to_begin,
    new_since_yesterday,
    long_late,
    work_on_a_holiday,
    crowded_day_ahead,
    projects_standing_still,
    adrift,
    progress_made,
)


def _hours(facts: DayFacts) -> Span | None:
    return hours_ahead(facts.brief_date, facts.zone, facts.now)
