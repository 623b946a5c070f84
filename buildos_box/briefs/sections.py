"""Markdown for one project: everything that is known of it, for whoever wants it all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from buildos_box.briefs.facts import Category, DayFacts
from buildos_box.briefs.formatting import (
    clock_time,
    coming_day,
    counted,
    sentence,
    short_day,
)
from buildos_box.briefs.ranking import BLOCKED
from buildos_box.briefs.text import clean, escape, linked_gist, shorten, title
from buildos_box.workspace.model import Note, Project, Task

T = TypeVar("T")

HEADINGS = {
    Category.OVERDUE: "Overdue",
    Category.TODAY: "Today",
    Category.UPCOMING: "Coming week",
    Category.COMPLETED: "Recently completed",
    Category.UNDATED: "Under way, no date",
}
FRESH_NOTE = timedelta(days=7)
"""Apart from the latest note, only those changed more recently than this are shown."""

DEADLINE_NEAR = timedelta(days=30)


@dataclass(frozen=True)
class Limits:
    """How much of each list a section shows."""

    tasks: int = 15
    completed: int = 10
    notes: int = 4
    note_words: int = 60


LIMITS = Limits()


def project_section(facts: DayFacts, project: Project, limits: Limits = LIMITS) -> str:
    """One project's full section: its tasks by category, then a summary of its notes."""
    own, counts = facts.of_project(project.id), facts.counts_of(project.id)
    parts = [f"## {title(project.name)}", standing(facts, project)]
    about = linked_gist(project.description, limits.note_words)
    if about:
        parts.append(about)
    for category, heading in HEADINGS.items():
        tasks = own.listed(category)
        if tasks:
            count = counts.of(category)
            listing = task_list(facts, tasks, count, category, limits)
            parts += [f"### {heading} ({count})", listing]
    said = note_lines(facts, project, limits)
    if said:
        parts += ["### Notes", bullets(said, limits.notes, str)]
    return "\n\n".join(parts) + "\n"


def standing(facts: DayFacts, project: Project) -> str:
    """`2 overdue, 1 today, 3 in the coming week. Due Fri, Nov 1 (in 9 days).`"""
    own = facts.counts_of(project.id)
    counts = [
        (own.overdue, "overdue"),
        (own.today, "today"),
        (own.upcoming, "in the coming week"),
        (own.completed, "just completed"),
    ]
    said = [f"{count} {label}" for count, label in counts if count]
    remaining = own.open
    if not said:
        said = [f"nothing due this week, {counted(remaining, 'open task')}" if remaining else ""]
    now = sentence(", ".join(said)) if said[0] else "No open tasks."
    return f"{now} {deadline(project.due_date, facts.brief_date)}".rstrip()


def deadline(due: date | None, today: date) -> str:
    """A sentence on the project's due date; empty if it is more than 30 days away."""
    if due is None or due - today > DEADLINE_NEAR:
        return ""
    days = (due - today).days
    if days < 0:
        return f"The project was due {short_day(due)}, {counted(-days, 'day')} ago."
    if days == 0:
        return "The project is due today."
    return f"The project is due {short_day(due)}, in {counted(days, 'day')}."


def task_line(facts: DayFacts, task: Task, category: Category) -> str:
    """`**Send the contract** · 2 days late (Mon, Oct 21) · urgent`."""
    parts = [f"**{title(task.title)}**"]
    parts += [part for part in (_timing(facts, task, category),) if part]
    if category is Category.COMPLETED:
        return " · ".join(parts)
    if task.priority in ("urgent", "high"):
        parts.append(task.priority)
    blockers, waiting = facts.blockers(task), facts.waiting(task)
    if blockers:
        rest = f" and {len(blockers) - 1} more" if len(blockers) > 1 else ""
        parts.append(f"waits for “{title(blockers[0].title, 40)}”{rest}")
    elif task.status == BLOCKED:
        parts.append("blocked")
    if waiting:
        verb = "waits" if len(waiting) == 1 else "wait"
        parts.append(f"{counted(len(waiting), 'task')} {verb} for it")
    return " · ".join(parts)


def note_lines(facts: DayFacts, project: Project, limits: Limits) -> list[str]:
    """The latest note's summary, and those of others changed within a week."""
    notes = facts.notes_of(project.id)
    worth = [n for i, n in enumerate(notes) if i == 0 or _is_fresh(n, facts)][: limits.notes]
    lines = []
    for note in worth:
        said = linked_gist(note.content, limits.note_words)
        named = title(note.title, 50) if clean(note.title) else "Note"
        lines.append(f"*{named}:* {said}" if said else f"*{named}*")
    return lines


def bullets(
    items: Sequence[T], cap: int, line: Callable[[T], str], *, count: int | None = None
) -> str:
    """A Markdown list of the first `cap` items, closed by `… and 12 more`.

    `count` is how many there are, if that is more than are given.
    """
    shown = items[:cap]
    lines = [*map(line, shown), *more((count or len(items)) - len(shown))]
    return "\n".join(f"- {line}" for line in lines)


def task_list(
    facts: DayFacts,
    tasks: Sequence[Task],
    count: int,
    category: Category,
    limits: Limits,
) -> str:
    """One category's list, within its limit."""
    cap = limits.completed if category is Category.COMPLETED else limits.tasks
    return bullets(
        tasks,
        cap,
        lambda task: task_line(facts, task, category),
        count=count,
    )


def more(count: int) -> list[str]:
    """`["… and 12 more"]`, or nothing if nothing was left out."""
    return [f"… and {count} more"] if count > 0 else []


def place(location: str | None) -> str:
    """The place of an event as Markdown: of a link only the host."""
    where = clean(location or "")
    scheme, found, rest = where.partition("://")
    if found and scheme.lower() in ("http", "https"):
        where = rest.partition("/")[0].partition("?")[0]
    return escape(shorten(where, 40, 8))


def _timing(facts: DayFacts, task: Task, category: Category) -> str:
    """The due time, phrased for the list that the task is in."""
    today, due = facts.brief_date, facts.due(task)
    at = clock_time(task.due_at, facts.zone) if task.due_at else ""
    match category:
        case Category.OVERDUE:
            assert due is not None
            late = facts.days_late(task)
            since = short_day(due) if due.year == today.year else f"{short_day(due)}, {due.year}"
            return "due yesterday" if late == 1 else f"{late} days late (due {since})"
        case Category.TODAY if due == today:
            return f"by {at}" if at else ""
        case Category.TODAY:
            return f"starts today, due {coming_day(due, today)}" if due else "starts today"
        case Category.UPCOMING:
            assert due is not None
            return f"{coming_day(due, today)}, {at}" if at else coming_day(due, today)
        case Category.UNDATED if task.status != BLOCKED:
            return "in progress"
    return ""


def _is_fresh(note: Note, facts: DayFacts) -> bool:
    return facts.now - note.updated_at <= FRESH_NOTE
