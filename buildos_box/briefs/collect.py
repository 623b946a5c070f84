"""Collects the facts of a user's day from the workspace (docs/spec.md#brief-content)."""

import asyncio
from dataclasses import dataclass
from datetime import date

import msgspec

from buildos_box.briefs.facts import DayFacts, Person, day_facts
from buildos_box.briefs.holidays import holidays_on
from buildos_box.briefs.task_counts import TaskCounts
from buildos_box.clock import Instant, zone_or_utc
from buildos_box.db import Database, Row
from buildos_box.locales.language import Language
from buildos_box.locales.tags import BOX_DEFAULT
from buildos_box.workspace import store
from buildos_box.workspace.languages import language_of
from buildos_box.workspace.model import Preferences, User
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
    projects, tasks, counted, events, size = await asyncio.gather(
        store.pressing_projects(db, query, limit=MAX_PROJECTS),
        store.pressing_tasks(db, query, limit=MAX_TASKS),
        store.count_tasks(db, query),
        store.events_of_day(db, query, limit=MAX_EVENTS),
        store.get_day_size(db, query),
    )
    notes, dependencies = await asyncio.gather(
        store.notes_of_projects(db, user.id, [project.id for project in projects[:MAX_SECTIONS]]),
        store.dependencies_among(db, [task.id for task in tasks]),
    )
    preferences = await store.get_preferences(db, user.id)
    language = language_of(user, preferences, locale)
    holidays: list[str] = []
    if user.country:
        holidays = await asyncio.to_thread(holidays_on, user.country, day, language.tag)
    return day_facts(
        brief_date=day,
        now=now,
        person=_person(user, zone_name, preferences, language),
        projects=projects,
        tasks=tasks,
        notes=notes,
        events=events,
        holidays=holidays,
        dependencies=dependencies,
        counted={row["project_id"]: _counts(row) for row in counted},
        event_count=size["events"],
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
