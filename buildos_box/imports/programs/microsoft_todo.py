"""Microsoft To Do: lists of tasks as Microsoft Graph gives them, in JSON."""

from typing import Any

from buildos_box.imports.csv_table import Row, Table
from buildos_box.imports.programs.program import Program

_COLUMNS = ["id", "title", "description", "status", "priority", "start", "due", "completed", "list"]
_STATUS = {"waitingOnOthers": "blocked", "deferred": "todo", "notStarted": "todo"}


def tasks_table(document: Any) -> Table | None:
    """The table of a list of task lists, or of one list's tasks; None if it is something else."""
    if isinstance(document, dict):
        document = document.get("value")
    if not isinstance(document, list) or not document:
        return None
    rows: list[Row] = []
    for item in document:
        if not isinstance(item, dict):
            return None
        tasks = item.get("tasks", [item])
        if not isinstance(tasks, list) or not all(_is_task(task) for task in tasks):
            return None
        name = str(item.get("displayName") or "")
        rows += [Row(len(rows) + 1 + n, _cells(task, name)) for n, task in enumerate(tasks)]
    return Table(list(_COLUMNS), rows)


def _is_task(value: Any) -> bool:
    return isinstance(value, dict) and "title" in value and "importance" in value


def _cells(task: dict[str, Any], name: str) -> list[str]:
    body = task.get("body")
    status = str(task.get("status") or "")
    return [
        str(task.get("id") or ""),
        str(task.get("title") or ""),
        str(body.get("content") or "") if isinstance(body, dict) else "",
        _STATUS.get(status, status),
        str(task.get("importance") or ""),
        _day(task.get("startDateTime")),
        _day(task.get("dueDateTime")),
        _day(task.get("completedDateTime")),
        name,
    ]


def _day(value: Any) -> str:
    """To Do's dates are days, written as a midnight (`dateTimeTimeZone` of Microsoft Graph)."""
    return str(value.get("dateTime") or "").split("T")[0] if isinstance(value, dict) else ""


MICROSOFT_TODO = Program(
    name="microsoft-todo",
    title="Microsoft To Do",
    columns={"project": ("list",)},
)
