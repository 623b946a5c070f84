"""The SQL of this room, by the thing read or written."""

from buildos_box.workspace.store.calendar import events_between, find_event, next_events
from buildos_box.workspace.store.lists import (
    page_events,
    page_notes,
    page_projects,
    page_tasks,
    page_users,
    row_of,
)
from buildos_box.workspace.store.people import (
    admins,
    find_admins,
    find_preferences,
    find_user,
    get_preferences,
    get_user,
    latest_activity,
)
from buildos_box.workspace.store.work import (
    active_projects,
    dependencies_among,
    find_project,
    find_task,
    get_project,
    mark_phases_generated,
    notes_of_projects,
    prerequisites,
    tasks_of_project,
    tasks_of_projects,
)

__all__ = [
    "active_projects",
    "admins",
    "dependencies_among",
    "events_between",
    "find_admins",
    "find_event",
    "find_preferences",
    "find_project",
    "find_task",
    "find_user",
    "get_preferences",
    "get_project",
    "get_user",
    "latest_activity",
    "mark_phases_generated",
    "next_events",
    "notes_of_projects",
    "page_events",
    "page_notes",
    "page_projects",
    "page_tasks",
    "page_users",
    "prerequisites",
    "row_of",
    "tasks_of_project",
    "tasks_of_projects",
]
