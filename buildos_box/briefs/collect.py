"""Collects the facts of a user's day from the workspace (docs/spec.md#brief-content)."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta

from buildos_box.briefs.agenda import CalendarEvent
from buildos_box.briefs.facts import (
    RECENT,
    DayFacts,
    Dependency,
    Note,
    Person,
    Project,
    Task,
    day_facts,
)
from buildos_box.briefs.holidays import holidays_on
from buildos_box.clock import Instant, day_bounds, zone_or_utc
from buildos_box.db import Database
from buildos_box.workspace import model, store


@dataclass(frozen=True, slots=True)
class Selection:
    """Which projects a brief covers: None means all active ones, an empty list none."""

    include: list[str] | None = None
    exclude: list[str] | None = None


async def collect(
    db: Database, user: model.User, day: date, zone_name: str, selection: Selection, now: Instant
) -> DayFacts:
    """All facts that the brief of that day may use."""
    projects, events = await asyncio.gather(
        store.active_projects(db, user.id, include=selection.include, exclude=selection.exclude),
        _events(db, user.id, day, zone_name),
    )
    ids = [project.id for project in projects]
    tasks, notes = await asyncio.gather(
        store.tasks_of_projects(db, user.id, ids, done_since=now - RECENT),
        store.notes_of_projects(db, user.id, ids),
    )
    dependencies = await store.dependencies_among(db, [task.id for task in tasks])
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
    )


async def _events(db: Database, user_id: str, day: date, zone_name: str) -> list[model.Event]:
    start, end = day_bounds(day, zone_or_utc(zone_name))
    return await store.events_between(
        db, user_id, start, end, first_day=day, day_after=day + timedelta(days=1)
    )


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
