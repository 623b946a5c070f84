"""Markdown for one project: everything that is known of it, for whoever wants it all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from buildos_box.briefs import texts
from buildos_box.briefs.facts import Category, DayFacts
from buildos_box.briefs.ranking import BLOCKED
from buildos_box.briefs.text import clean, escape, linked_gist, shorten, title
from buildos_box.locales.language import Language
from buildos_box.workspace.model import Note, Project, Task

T = TypeVar("T")

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
    for category, heading in texts.LISTS.items():
        tasks = own.listed(Category(category))
        if tasks:
            count = counts.of(category)
            listing = task_list(facts, tasks, count, Category(category), limits)
            parts += [f"### {facts.language.say(heading, count=count)}", listing]
    said = note_lines(facts, project, limits)
    if said:
        parts += [f"### {facts.language.say(texts.NOTES)}", bullets(facts, said, limits.notes, str)]
    return "\n\n".join(parts) + "\n"


def standing(facts: DayFacts, project: Project) -> str:
    """`2 tasks overdue · 1 task today`, and a sentence on the project's date."""
    own, language = facts.counts_of(project.id), facts.language
    counts = [(text, own.of(category)) for category, text in texts.COUNTS.items()]
    now = " · ".join(language.count(text, count) for text, count in counts if count)
    if not now and own.open:
        now = language.count(texts.NOTHING_DUE, own.open)
    elif not now:
        now = language.say(texts.NO_OPEN_TASKS)
    due = deadline(project.due_date, facts.brief_date, language)
    return f"{now}\n\n{due}" if due else now


def deadline(due: date | None, today: date, language: Language) -> str:
    """A sentence on the project's due date; empty if it is more than 30 days away."""
    if due is None or due - today > DEADLINE_NEAR:
        return ""
    days = (due - today).days
    if not days:
        return language.say(texts.THE_PROJECT_IS_DUE_TODAY)
    text = texts.THE_PROJECT_WAS_DUE if days < 0 else texts.THE_PROJECT_IS_DUE
    return language.count(text, abs(days), day=language.coming_day(due, today))


def task_line(facts: DayFacts, task: Task, category: Category) -> str:
    """`**Send the contract** · 2 days late (due Mon, Oct 21) · urgent`."""
    parts = [f"**{title(task.title)}**", _timing(facts, task, category)]
    if category is not Category.COMPLETED:
        parts += [priority(facts, task), *_dependencies(facts, task)]
    return " · ".join(part for part in parts if part)


def priority(facts: DayFacts, task: Task) -> str:
    """The task's priority as a word; empty where it is not told."""
    text = texts.PRIORITIES.get(task.priority)
    return facts.language.say(text) if text else ""


def _dependencies(facts: DayFacts, task: Task) -> Iterator[str]:
    """What the task waits for, and how many wait for it."""
    blockers, waiting = facts.blockers(task), facts.waiting(task)
    if blockers:
        name, left = title(blockers[0].title, 40), len(blockers) - 1
        if left:
            yield facts.language.count(texts.WAITS_FOR_AND_MORE, left, task=name)
        else:
            yield facts.language.say(texts.WAITS_FOR, task=name)
    elif task.status == BLOCKED:
        yield facts.language.say(texts.BLOCKED)
    if waiting:
        yield facts.language.count(texts.WAITING, len(waiting))


def note_lines(facts: DayFacts, project: Project, limits: Limits) -> list[str]:
    """The latest note's summary, and those of others changed within a week."""
    notes = facts.notes_of(project.id)
    worth = [n for i, n in enumerate(notes) if i == 0 or _is_fresh(n, facts)][: limits.notes]
    lines = (note_line(facts, note, limits.note_words) for note in worth)
    return [line for line in lines if line]


def note_line(facts: DayFacts, note: Note, most_words: int) -> str:
    """`*New host*: Support says …`; empty for a note without a title and a text."""
    said = linked_gist(note.content, most_words)
    named = f"*{title(note.title, 50)}*" if clean(note.title) else ""
    if not said or not named:
        return said or named
    return facts.language.say(texts.NOTE_SAYS, note=named, text=said)


def bullets(
    facts: DayFacts,
    items: Sequence[T],
    cap: int,
    line: Callable[[T], str],
    *,
    count: int | None = None,
) -> str:
    """A Markdown list of the first `cap` items, closed by `and 12 more`.

    `count` is how many there are, if that is more than are given.
    """
    shown = items[:cap]
    left = (count or len(items)) - len(shown)
    more = [facts.language.count(texts.AND_MORE, left)] if left > 0 else []
    lines = [*map(line, shown), *more]
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
        facts,
        tasks,
        cap,
        lambda task: task_line(facts, task, category),
        count=count,
    )


def place(location: str | None) -> str:
    """The place of an event as Markdown: of a link only the host."""
    where = clean(location or "")
    scheme, found, rest = where.partition("://")
    if found and scheme.lower() in ("http", "https"):
        where = rest.partition("/")[0].partition("?")[0]
    return escape(shorten(where, 40, 8))


def _timing(facts: DayFacts, task: Task, category: Category) -> str:
    """The due time, phrased for the list that the task is in."""
    today, due, language = facts.brief_date, facts.due(task), facts.language
    if category is Category.UNDATED:
        return "" if task.status == BLOCKED else language.say(texts.UNDER_WAY)
    if category is Category.TODAY and due is None:
        return language.say(texts.STARTS_TODAY)
    if category is Category.COMPLETED or due is None:
        return ""
    day = language.coming_day(due, today)
    at = language.clock_time(task.due_at, facts.zone) if task.due_at else ""
    if category is Category.OVERDUE:
        late = facts.days_late(task)
        if late == 1:
            return language.say(texts.DUE_YESTERDAY)
        return language.count(texts.DAYS_LATE_SINCE, late, day=day)
    if category is Category.UPCOMING:
        return language.say(texts.DUE_DAY_AT, day=day, time=at) if at else day
    if due != today:
        return language.say(texts.STARTS_TODAY_DUE, day=day)
    return language.say(texts.BY_TIME, time=at) if at else ""


def _is_fresh(note: Note, facts: DayFacts) -> bool:
    return facts.now - note.updated_at <= FRESH_NOTE
