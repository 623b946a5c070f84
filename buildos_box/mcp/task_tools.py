"""Tools for a person's tasks and projects."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from buildos_box.mcp.rest import Json, Refused, Rest
from buildos_box.mcp.tool import Cursor, ForUser, Limit, Tool, given, rows_of, tool, user_of

_TASK = ("id", "title", "status", "priority", "dueDate", "dueAt", "projectId")
_PAGE = 100
_MOST_READ = 2_000
Day = Annotated[str, Meta(description="A day, like 2026-03-09")]
Instant = Annotated[str, Meta(description="An instant with its offset, like 2026-03-09T17:00:00Z")]
Priority = Literal["low", "medium", "high", "urgent"]


class FindTasks(ForUser, kw_only=True):
    """Which tasks."""

    status: Annotated[
        str, Meta(description="`open` for all that are not done, else one status like `done`")
    ] = "open"
    project_id: str | None = None
    text: Annotated[str | None, Meta(description="Only tasks with this in their title")] = None
    due_until: Annotated[Day | None, Meta(description="Only tasks due by this day")] = None
    limit: Limit = 25


@tool("Find tasks", FindTasks)
async def find_tasks(rest: Rest, asked: FindTasks) -> Json:
    """Find a person's tasks, those due first at the top; `more` says that others match too."""
    user = await user_of(rest, asked)
    found: list[Json] = []
    cursor: str | None = None
    for _page in range(_MOST_READ // _PAGE):
        page = await rest.get(
            "users", user, "tasks",
            status=asked.status, project=asked.project_id, cursor=cursor, limit=_PAGE,
        )  # fmt: skip
        found += [task for task in page["items"] if _matches(task, asked)]
        cursor = page.get("nextCursor")
        if not cursor:
            break
    found.sort(key=_due)
    shown = rows_of({"items": found[: asked.limit]}, *_TASK)
    return {**shown, "more": len(found) > asked.limit or cursor is not None}


def _due(task: Json) -> str:
    return str(task.get("dueAt") or task.get("dueDate") or "9999")


def _matches(task: Json, asked: FindTasks) -> bool:
    if asked.text and asked.text.casefold() not in task["title"].casefold():
        return False
    return not asked.due_until or _due(task)[:10] <= asked.due_until


class OneTask(ForUser, kw_only=True):
    """A task by its id."""

    task_id: str


@tool("Read a task", OneTask)
async def get_task(rest: Rest, asked: OneTask) -> Json:
    """One task whole, with its description and the ids of the tasks that it waits for."""
    task: Json = await rest.get("tasks", asked.task_id)
    return {**task, **await rest.get("tasks", asked.task_id, "dependencies")}


class AddTask(ForUser, kw_only=True):
    """A new task."""

    title: str
    description: str | None = None
    priority: Priority | None = None
    due_date: Day | None = None
    due_at: Instant | None = None
    project_id: Annotated[str | None, Meta(description="The Inbox without it")] = None


@tool("Add a task", AddTask, changes=True)
async def add_task(rest: Rest, asked: AddTask) -> Json:
    """Add a task, to a project or the Inbox. Give `due_date` for a day, or `due_at` for a time."""
    user = await user_of(rest, asked)
    task: Json = await rest.post("users", user, "tasks", body=given(asked, "user"))
    return task


class ChangeTask(OneTask, kw_only=True):
    """The fields to change; null clears a date."""

    title: str | None = None
    description: str | None = None
    status: Annotated[
        Literal["todo", "in_progress", "blocked", "done"] | None,
        Meta(description="`todo` opens a finished task again"),
    ] = None
    priority: Priority | None = None
    due_date: Day | UnsetType | None = UNSET
    due_at: Instant | UnsetType | None = UNSET
    project_id: str | None = None


@tool("Change a task", ChangeTask, changes=True)
async def change_task(rest: Rest, asked: ChangeTask) -> Json:
    """Change a task's title, description, status, priority, due date or project."""
    body = given(asked, "user", "task_id", "due_date", "due_at")
    for name, value in (("dueDate", asked.due_date), ("dueAt", asked.due_at)):
        if value is not UNSET:
            body[name] = value
    task: Json = await rest.patch("tasks", asked.task_id, body=body)
    return task


@tool("Finish a task", OneTask, changes=True)
async def finish_task(rest: Rest, asked: OneTask) -> Json:
    """Mark a task as done; one that is done already stays as it is."""
    task: Json = await rest.post("tasks", asked.task_id, "done")
    return task


class MoveTasks(ForUser, kw_only=True):
    """Tasks that get another due day."""

    task_ids: Annotated[list[str], Meta(min_length=1, max_length=50)]
    due_date: Day


@tool("Move tasks to another day", MoveTasks, changes=True)
async def move_tasks(rest: Rest, asked: MoveTasks) -> Json:
    """Give several tasks the same new due day. Those that could not be moved are listed."""
    moved, refused = [], {}
    for task_id in asked.task_ids:
        body = {"dueDate": asked.due_date, "dueAt": None}
        try:
            await rest.patch("tasks", task_id, body=body)
            moved.append(task_id)
        except Refused as error:
            refused[task_id] = str(error)
    return {"moved": moved, "refused": refused}


@tool("Delete a task", OneTask, destructive=True)
async def delete_task(rest: Rest, asked: OneTask) -> Json:
    """Delete a task for good. To end one that was done, use finish_task."""
    await rest.delete("tasks", asked.task_id)
    return {"deleted": asked.task_id}


class FindProjects(ForUser, kw_only=True):
    """Which projects."""

    status: Annotated[str | None, Meta(description="Only of this status, like `active`")] = None
    limit: Limit = 25
    cursor: Cursor = None


@tool("List projects", FindProjects)
async def list_projects(rest: Rest, asked: FindProjects) -> Any:
    """A person's projects, newest first."""
    user = await user_of(rest, asked)
    page = await rest.get(
        "users", user, "projects", status=asked.status, cursor=asked.cursor, limit=asked.limit
    )
    return rows_of(page, "id", "name", "status", "startDate", "dueDate")


class OneProject(ForUser, kw_only=True):
    """A project by its id."""

    project_id: str


@tool("Plan a project", OneProject, changes=True)
async def plan_project(rest: Rest, asked: OneProject) -> Any:
    """Split a project's tasks into phases. It takes a moment: read the result with get_plan."""
    user = await user_of(rest, asked)
    return await rest.post("queue", "phases", body={"userId": user, "projectId": asked.project_id})


@tool("Read a project's plan", OneProject)
async def get_plan(rest: Rest, asked: OneProject) -> Any:
    """A project with its phases and the tasks in each."""
    project = await rest.get("projects", asked.project_id)
    return {"project": project, **await rest.get("projects", asked.project_id, "phases")}


TOOLS: tuple[Tool, ...] = (
    find_tasks,
    get_task,
    add_task,
    change_task,
    finish_task,
    move_tasks,
    delete_task,
    list_projects,
    plan_project,
    get_plan,
)
