"""What people do with their own work: a task from one line, many tasks at once, searching.

The rules: docs/spec.md#workspace-data.
"""

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, patch, post
from litestar.params import QueryParameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import LONG_TEXTS
from buildos_box.clock import to_text, zone_or_utc
from buildos_box.db import Row
from buildos_box.errors import Unprocessable
from buildos_box.services import Services
from buildos_box.workspace import crud, store
from buildos_box.workspace.fields import TITLE_CHARS
from buildos_box.workspace.item_types import TASKS, USERS
from buildos_box.workspace.languages import get_language
from buildos_box.workspace.quick_add import PRIORITIES, read_quick_task
from buildos_box.workspace.request_bodies import reads
from buildos_box.workspace.sync import Counts
from buildos_box.workspace.views import TaskView

Json = dict[str, Any]
MAX_FOUND = 50
MAX_WORDS = 10
MAX_AT_ONCE = 500
_WORD = re.compile(r"\w+")
Text = Annotated[str, QueryParameter(name="text", description="Like `Pay rent friday #Home`")]
Query = Annotated[str, QueryParameter(name="q", description="Words, or their beginnings")]


class QuickTaskView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a line says of a task. `project_id` is None for a project that there is not yet."""

    title: str
    due_date: str | None
    due_at: str | None
    priority: str | None
    project_id: str | None
    project_name: str | None


class TaskChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks to change, each with its `id` and new fields, and the ids of those to delete."""

    tasks: list[dict[str, str | int | float | bool | None]] = []
    delete: list[str] = []


class Found(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A project, task, note or event that has the words; `excerpt` is of its longer text.

    `day` and `at` are a task's due time or an event's start; `status` is a task's or a project's.
    """

    kind: str
    id: str
    title: str
    excerpt: str
    project_id: str | None
    status: str | None
    day: str | None
    at: str | None

    @classmethod
    def of(cls, row: Row) -> "Found":
        """The view of one row."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


class FoundList(msgspec.Struct, frozen=True):
    """The best matches, the best first."""

    items: list[Found]


@post("/users/{user_id:str}/tasks", tags=["Tasks"], opt=reads(TASKS) | LONG_TEXTS)
async def create_users_task(
    user_id: str, data: Json, services: Services, caller: Caller
) -> TaskView:
    """Create a task; without `projectId` it goes into the Inbox, which is made if need be.

    Raises NotFound, Unprocessable, Conflict, Forbidden.
    """
    return TaskView.of(await crud.create_task(services, caller, user_id, data))


@patch("/users/{user_id:str}/tasks", tags=["Tasks"])
async def change_tasks(
    user_id: str, data: TaskChanges, services: Services, caller: Caller
) -> Counts:
    """Change and delete up to 500 tasks of one user in one transaction, or none of them.

    Raises NotFound, and Unprocessable with every fault, like a task of another user.
    """
    if len(data.tasks) + len(data.delete) > MAX_AT_ONCE:
        raise Unprocessable.field("tasks", f"at most {MAX_AT_ONCE} tasks can be changed at once")
    return await crud.change_tasks(services, caller, user_id, data.tasks, data.delete)


@get("/users/{user_id:str}/quick-add", tags=["Tasks"])
async def read_line(
    user_id: str, services: Services, caller: Caller, text: Text = ""
) -> QuickTaskView:
    """What a line like `Pay rent friday 17:00 #Home !high` says; nothing is made of it.

    Raises NotFound, and Unprocessable for a line without a title or one that is too long.
    """
    user = await crud.visible(services, caller, USERS, user_id)
    language = await get_language(services, user_id)
    if len(text) > TITLE_CHARS:
        raise Unprocessable.field("text", f"must be at most {TITLE_CHARS:,} characters")
    try:
        zone, now = zone_or_utc(user["timezone"]), services.clock.now()
        priorities = {
            language.say(text).lower(): name
            for name in PRIORITIES
            for text in (name.capitalize(), name)
        }
        found = read_quick_task(text, zone, now, language.day_words(), priorities)
    except ValueError as error:
        raise Unprocessable.field("text", str(error)) from None
    project = None
    if found.project is not None:
        project = await store.project_of_name(services.db, user_id, found.project)
    is_instant = isinstance(found.due, datetime)
    return QuickTaskView(
        title=found.title,
        due_date=found.due.isoformat() if found.due and not is_instant else None,
        due_at=to_text(found.due) if isinstance(found.due, datetime) else None,
        priority=found.priority,
        project_id=project["id"] if project else None,
        project_name=project["name"] if project else found.project,
    )


@get("/users/{user_id:str}/search", tags=["Workspace"])
async def search(user_id: str, services: Services, caller: Caller, words: Query = "") -> FoundList:
    """Projects, tasks, notes and events that have all the words, at most 50. Raises NotFound."""
    await crud.visible(services, caller, USERS, user_id)
    wanted = _WORD.findall(words[:TITLE_CHARS])[:MAX_WORDS]
    if not wanted:
        return FoundList([])
    # Quoted, so that no word is an operator; a word has no quotation mark.
    query = " AND ".join(f'"{word}"*' for word in wanted)
    rows = await store.search(services.db, user_id, query, limit=MAX_FOUND)
    return FoundList([Found.of(row) for row in rows])


ROUTES: list[Any] = [create_users_task, change_tasks, read_line, search]
