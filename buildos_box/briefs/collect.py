"""Collects the facts of a user's day from the workspace (docs/spec.md#brief-content)."""

import asyncio
from dataclasses import dataclass
from datetime import date

from buildos_box.briefs.agenda import CalendarEvent
from buildos_box.briefs.counts import TaskCounts
from buildos_box.briefs.facts import (
    DayFacts,
    Dependency,
    Note,
    Person,
    Project,
    Task,
    day_facts,
)
from buildos_box.briefs.holidays import holidays_on
from buildos_box.clock import Instant, zone_or_utc
from buildos_box.db import Database, Row
from buildos_box.workspace import model, store
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
    db: Database, user: model.User, day: date, zone_name: str, selection: Selection, now: Instant
) -> DayFacts:
    """The facts of that day: the most pressing of everything, and how much of each there is."""
    query = DayQuery(
        user.id, day, zone_or_utc(zone_name), now, selection.include, selection.exclude
    )
    projects, tasks, counted, events, event_count = await asyncio.gather(
        store.pressing_projects(db, query, limit=MAX_PROJECTS),
        store.pressing_tasks(db, query, limit=MAX_TASKS),
        store.count_tasks(db, query),
        store.events_of_day(db, query, limit=MAX_EVENTS),
        store.count_events(db, query),
    )
    notes, dependencies = await asyncio.gather(
        store.notes_of_projects(db, user.id, [project.id for project in projects[:MAX_SECTIONS]]),
        store.dependencies_among(db, [task.id for task in tasks]),
    )
    holidays = await asyncio.to_thread(holidays_on, user.country, day) if user.country else []
    return day_facts(
        brief_date=day,
        now=now,
        person=Person(
            id=user.id,
            name=user.name,
            zone=zone_name,
            country=user.country,
            language=user.language,
        ),
        projects=map(_project, projects),
        tasks=map(_task, tasks),
        notes=map(_note, notes),
        events=map(_event, events),
        holidays=holidays,
        dependencies=[
            Dependency(task_id=d.task_id, depends_on_id=d.depends_on_id) for d in dependencies
        ],
        counted={row["project_id"]: _counts(row) for row in counted},
        event_count=event_count,
    )


def _counts(row: Row) -> TaskCounts:
    return TaskCounts(**{name: row[name] for name in TaskCounts.__struct_fields__})


def _project(project: model.Project) -> Project:
    return Project(
        id=project.id,
        title=project.name,
        description=project.description,
        status=project.status,
        start_date=project.start_date,
        due_date=project.due_date,
    )


def _task(task: model.Task) -> Task:
    return Task(
        id=task.id,
        project_id=task.project_id,
        title=task.title,
        description=task.description,
        status=task.status,
        priority=task.priority,
        start_date=task.start_date,
        due_date=task.due_date,
        due_at=task.due_at,
        completed_at=task.completed_at,
        created_at=task.created_at,
        updated_at=task.updated_at,
    )


def _note(note: model.Note) -> Note:
    return Note(
        id=note.id,
        project_id=note.project_id,
        title=note.title,
        content=note.content,
        updated_at=note.updated_at,
    )


def _event(event: model.Event) -> CalendarEvent:
    return CalendarEvent(
        id=event.id,
        title=event.title,
        start_at=event.start_at,
        end_at=event.end_at,
        all_day=event.all_day,
        start_date=event.start_date,
        end_date=event.end_date,
        location=event.location,
        status=event.status,
        declined=event.declined,
    )
