"""Projects, tasks, notes and calendar events over HTTP.

Paths say `calendar-events`, because `/events` are the realtime streams.
"""

from datetime import date, timedelta
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import QueryParameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import LONG_TEXTS
from buildos_box.clock import day_bounds, zone_or_utc
from buildos_box.db import Row
from buildos_box.errors import Unprocessable
from buildos_box.services import Services
from buildos_box.workspace import crud, fields, store
from buildos_box.workspace.item_types import EVENTS, NOTES, PROJECTS, TASKS, USERS, Kind
from buildos_box.workspace.paging import Limit, decode_cursor, page
from buildos_box.workspace.request_bodies import reads
from buildos_box.workspace.views import (
    DependencyList,
    EventView,
    NoteView,
    Page,
    ProjectView,
    TaskView,
)

Json = dict[str, Any]
MAX_DAYS = 62
MAX_EVENTS = 5_000
FirstDay = Annotated[str | None, QueryParameter(name="from", description="The first day")]
LastDay = Annotated[str | None, QueryParameter(name="to", description="The last day")]
Status = Annotated[str | None, QueryParameter(name="status", description="Only of this status")]
Project = Annotated[str | None, QueryParameter(name="project", description="Only of this project")]


class Prerequisites(msgspec.Struct, frozen=True, rename="camel"):
    """The ids of all tasks that a task depends on."""

    depends_on: list[str]


def _require_status(kind: Kind, status: str | None, *also: str) -> None:
    """Raises Unprocessable unless it is a status of that kind, or one of these."""
    if status is None or status in also:
        return
    (spec,) = [spec for spec in kind.fields if spec.name == "status"]
    try:
        spec.read(status)
    except ValueError as error:
        raise Unprocessable.field("status", ", ".join([str(error), *also])) from None


@get("/users/{user_id:str}/projects", tags=["Projects"])
async def list_projects(
    user_id: str,
    services: Services,
    caller: Caller,
    status: Status = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[ProjectView]:
    """A user's projects, newest first. Raises NotFound, Unprocessable."""
    await crud.visible(services, caller, USERS, user_id)
    before = decode_cursor(cursor)
    _require_status(PROJECTS, status)
    rows = await store.page_projects(
        services.db, user_id, status=status, before=before, limit=limit + 1
    )
    return page(rows, limit, ProjectView.of)


@post("/projects", tags=["Projects"], opt=reads(PROJECTS) | LONG_TEXTS)
async def create_project(data: Json, services: Services, caller: Caller) -> ProjectView:
    """Create a project. Raises NotFound, Forbidden, Unprocessable, Conflict."""
    return ProjectView.of(await crud.create(services, caller, PROJECTS, data))


@get("/projects/{project_id:str}", tags=["Projects"])
async def get_project(project_id: str, services: Services, caller: Caller) -> ProjectView:
    """One project. Raises NotFound."""
    return ProjectView.of(await crud.visible(services, caller, PROJECTS, project_id))


@patch("/projects/{project_id:str}", tags=["Projects"], opt=reads(PROJECTS) | LONG_TEXTS)
async def change_project(
    project_id: str, data: Json, services: Services, caller: Caller
) -> ProjectView:
    """Change the given fields of a project; null clears.

    Raises NotFound, Forbidden, Unprocessable.
    """
    return ProjectView.of(await crud.change(services, caller, PROJECTS, project_id, data))


@delete("/projects/{project_id:str}", tags=["Projects"])
async def delete_project(project_id: str, services: Services, caller: Caller) -> None:
    """Delete a project with its tasks and notes. Raises NotFound."""
    await crud.remove(services, caller, PROJECTS, project_id)


@get("/users/{user_id:str}/tasks", tags=["Tasks"])
async def list_tasks(
    user_id: str,
    services: Services,
    caller: Caller,
    project: Project = None,
    status: Status = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[TaskView]:
    """A user's tasks, newest first; `status=open` means all that are not done.

    Raises NotFound, Unprocessable.
    """
    await crud.visible(services, caller, USERS, user_id)
    _require_status(TASKS, status, "open")
    rows = await store.page_tasks(
        services.db,
        user_id,
        project_id=project,
        status=status,
        before=decode_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, TaskView.of)


@post("/tasks", tags=["Tasks"], opt=reads(TASKS) | LONG_TEXTS)
async def create_task(data: Json, services: Services, caller: Caller) -> TaskView:
    """Create a task. Raises NotFound, Forbidden, Unprocessable, Conflict."""
    return TaskView.of(await crud.create(services, caller, TASKS, data))


@get("/tasks/{task_id:str}", tags=["Tasks"])
async def get_task(task_id: str, services: Services, caller: Caller) -> TaskView:
    """One task. Raises NotFound."""
    return TaskView.of(await crud.visible(services, caller, TASKS, task_id))


@patch("/tasks/{task_id:str}", tags=["Tasks"], opt=reads(TASKS) | LONG_TEXTS)
async def change_task(task_id: str, data: Json, services: Services, caller: Caller) -> TaskView:
    """Change the given fields of a task; null clears. Raises NotFound, Forbidden, Unprocessable."""
    return TaskView.of(await crud.change(services, caller, TASKS, task_id, data))


@post("/tasks/{task_id:str}/done", status_code=200, tags=["Tasks"])
async def finish_task(task_id: str, services: Services, caller: Caller) -> TaskView:
    """Mark the task as done now; a task that is done already stays as it is.

    Raises NotFound, Forbidden.
    """
    return TaskView.of(await crud.change(services, caller, TASKS, task_id, {"status": "done"}))


@delete("/tasks/{task_id:str}", tags=["Tasks"])
async def delete_task(task_id: str, services: Services, caller: Caller) -> None:
    """Delete a task. Raises NotFound."""
    await crud.remove(services, caller, TASKS, task_id)


@get("/tasks/{task_id:str}/dependencies", tags=["Tasks"])
async def get_dependencies(task_id: str, services: Services, caller: Caller) -> DependencyList:
    """The tasks that this one depends on. Raises NotFound."""
    await crud.visible(services, caller, TASKS, task_id)
    return DependencyList(await store.prerequisites(services.db, task_id))


@put("/tasks/{task_id:str}/dependencies", tags=["Tasks"], opt=LONG_TEXTS)
async def put_dependencies(
    task_id: str, data: Prerequisites, services: Services, caller: Caller
) -> DependencyList:
    """Replace the task's dependencies by these tasks of the same user.

    Raises NotFound, and Unprocessable for unknown tasks, too many, or a dependency cycle.
    """
    await crud.visible(services, caller, TASKS, task_id)
    await crud.set_prerequisites(services, caller, task_id, data.depends_on)
    return DependencyList(await store.prerequisites(services.db, task_id))


@get("/users/{user_id:str}/notes", tags=["Notes"])
async def list_notes(
    user_id: str,
    services: Services,
    caller: Caller,
    project: Project = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[NoteView]:
    """A user's notes, newest first. Raises NotFound, Unprocessable."""
    await crud.visible(services, caller, USERS, user_id)
    before = decode_cursor(cursor)
    rows = await store.page_notes(
        services.db, user_id, project_id=project, before=before, limit=limit + 1
    )
    return page(rows, limit, NoteView.of)


@post("/notes", tags=["Notes"], opt=reads(NOTES) | LONG_TEXTS)
async def create_note(data: Json, services: Services, caller: Caller) -> NoteView:
    """Create a note. Raises NotFound, Forbidden, Unprocessable, Conflict."""
    return NoteView.of(await crud.create(services, caller, NOTES, data))


@get("/notes/{note_id:str}", tags=["Notes"])
async def get_note(note_id: str, services: Services, caller: Caller) -> NoteView:
    """One note. Raises NotFound."""
    return NoteView.of(await crud.visible(services, caller, NOTES, note_id))


@patch("/notes/{note_id:str}", tags=["Notes"], opt=reads(NOTES) | LONG_TEXTS)
async def change_note(note_id: str, data: Json, services: Services, caller: Caller) -> NoteView:
    """Change the given fields of a note; null clears. Raises NotFound, Forbidden, Unprocessable."""
    return NoteView.of(await crud.change(services, caller, NOTES, note_id, data))


@delete("/notes/{note_id:str}", tags=["Notes"])
async def delete_note(note_id: str, services: Services, caller: Caller) -> None:
    """Delete a note. Raises NotFound."""
    await crud.remove(services, caller, NOTES, note_id)


@get("/users/{user_id:str}/calendar-events", tags=["Calendar"])
async def list_events(
    user_id: str,
    services: Services,
    caller: Caller,
    cursor: str | None = None,
    limit: Limit = 50,
    first_day: FirstDay = None,
    last_day: LastDay = None,
) -> Page[EventView]:
    """A user's calendar events, the last created first.

    With `from` and `to` those that take place then in the user's zone, by their start, without
    cancelled ones and on one page. Raises NotFound, Unprocessable.
    """
    user = await crud.visible(services, caller, USERS, user_id)
    if first_day is not None or last_day is not None:
        return await _events_of_days(services, user, first_day, last_day)
    rows = await store.page_events(
        services.db, user_id, before=decode_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, EventView.of)


async def _events_of_days(
    services: Services, user: Row, first: str | None, last: str | None
) -> Page[EventView]:
    """Raises Unprocessable for what is no day, and for too many days."""
    start, end = _day("from", first), _day("to", last)
    if not 0 <= (end - start).days < MAX_DAYS:
        raise Unprocessable.field("to", f"must be at most {MAX_DAYS - 1} days after from")
    zone = zone_or_utc(user["timezone"])
    rows = await store.rows_between(
        services.db,
        user["id"],
        day_bounds(start, zone)[0],
        day_bounds(end, zone)[1],
        first_day=start,
        day_after=end + timedelta(days=1),
        limit=MAX_EVENTS,
    )
    return Page([EventView.of(row) for row in rows])


def _day(name: str, text: str | None) -> date:
    try:
        return date.fromisoformat(str(fields.day(text)))
    except ValueError as error:
        raise Unprocessable.field(name, str(error)) from None


@post("/calendar-events", tags=["Calendar"], opt=reads(EVENTS))
async def create_event(data: Json, services: Services, caller: Caller) -> EventView:
    """Create a calendar event. Raises NotFound, Forbidden, Unprocessable, Conflict."""
    return EventView.of(await crud.create(services, caller, EVENTS, data))


@get("/calendar-events/{event_id:str}", tags=["Calendar"])
async def get_event(event_id: str, services: Services, caller: Caller) -> EventView:
    """One calendar event. Raises NotFound."""
    return EventView.of(await crud.visible(services, caller, EVENTS, event_id))


@patch("/calendar-events/{event_id:str}", tags=["Calendar"], opt=reads(EVENTS))
async def change_event(event_id: str, data: Json, services: Services, caller: Caller) -> EventView:
    """Change the given fields of an event; null clears.

    Raises NotFound, Forbidden, Unprocessable.
    """
    return EventView.of(await crud.change(services, caller, EVENTS, event_id, data))


@delete("/calendar-events/{event_id:str}", tags=["Calendar"])
async def delete_event(event_id: str, services: Services, caller: Caller) -> None:
    """Delete a calendar event. Raises NotFound."""
    await crud.remove(services, caller, EVENTS, event_id)


ROUTES: list[Any] = [
    list_projects,
    create_project,
    get_project,
    change_project,
    delete_project,
    list_tasks,
    create_task,
    get_task,
    change_task,
    finish_task,
    delete_task,
    get_dependencies,
    put_dependencies,
    list_notes,
    create_note,
    get_note,
    change_note,
    delete_note,
    list_events,
    create_event,
    get_event,
    change_event,
    delete_event,
]
