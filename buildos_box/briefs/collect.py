"""Collects the facts of a user's day from the workspace (docs/spec.md#brief-content)."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import msgspec

from buildos_box.briefs.facts import DayFacts, Person, day_facts
from buildos_box.briefs.holidays import holidays_on
from buildos_box.briefs.task_counts import TaskCounts
from buildos_box.clock import Instant, zone_or_utc
from buildos_box.db import Database, Row, Tx
from buildos_box.locales.language import Language
from buildos_box.locales.tags import BOX_DEFAULT
from buildos_box.workspace import store
from buildos_box.workspace.languages import language_of
from buildos_box.workspace.model import Dependency, Event, Note, Preferences, Project, Task, User
from buildos_box.workspace.store import DayQuery

MAX_PROJECTS = 2_000
MAX_TASKS = 2_000
MAX_EVENTS = 500
MAX_SECTIONS = 100
"""Projects that get a section of their own, with their notes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which projects a brief covers: None means all active ones, an empty list none."""

    include: list[str] | None = None
    exclude: list[str] | None = None


async def collect(
    db: Database,
    user: User,
    day: date,
    zone_name: str,
    selection: Selection,
    now: Instant,
    *,
    locale: str = BOX_DEFAULT,
) -> DayFacts:
    """The facts of that day: the most pressing of everything, and how much of each there is.

    `locale` is that of people who chose none.
    """
    query = DayQuery(
        user.id, day, zone_or_utc(zone_name), now, selection.include, selection.exclude
    )
    read = await db.read_snapshot(lambda tx: _read(tx, query))
    preferences = read.preferences
    language = language_of(user, preferences, locale)
    holidays: list[str] = []
    if user.country:
        holidays = await asyncio.to_thread(holidays_on, user.country, day, language.tag)
    return day_facts(
        brief_date=day,
        now=now,
        person=_person(user, zone_name, preferences, language),
        projects=read.projects,
        tasks=read.tasks,
        notes=read.notes,
        events=read.events,
        holidays=holidays,
        dependencies=read.dependencies,
        counted={row["project_id"]: _counts(row) for row in read.counted},
        event_count=read.event_count,
    )


class _Read(NamedTuple):
    """What is stored of the day, all of one instant."""

    projects: list[Project]
    tasks: list[Task]
    counted: list[Row]
    events: list[Event]
    event_count: int
    notes: list[Note]
    dependencies: list[Dependency]
    preferences: Preferences | None


def _read(tx: Tx, query: DayQuery) -> _Read:
    projects = store.pressing_projects(tx, query, limit=MAX_PROJECTS)
    tasks = store.pressing_tasks(tx, query, limit=MAX_TASKS)
    events = store.events_of_day(tx, query, limit=MAX_EVENTS)
    all_read = len(events) < MAX_EVENTS
    shown = [project.id for project in projects[:MAX_SECTIONS]]
    return _Read(
        projects=projects,
        tasks=tasks,
        counted=store.count_tasks(tx, query),
        events=events,
        event_count=len(events) if all_read else store.find_day_size(tx, query)["events"],
        notes=store.notes_of_projects(tx, query.user_id, shown),
        dependencies=store.dependencies_among(tx, [task.id for task in tasks]),
        preferences=store.find_preferences(tx, query.user_id),
    )


def _person(
    user: User, zone_name: str, preferences: Preferences | None, language: Language
) -> Person:
    person = Person(
        id=user.id,
        name=user.name,
        zone=zone_name,
        country=user.country,
        language=language,
    )
    if preferences is None:
        return person
    return msgspec.structs.replace(
        person, work_starts=preferences.work_starts, work_ends=preferences.work_ends
    )


def _counts(row: Row) -> TaskCounts:
    return TaskCounts(**{name: row[name] for name in TaskCounts.__struct_fields__})
