"""Microsoft To Do: JSON of Microsoft Graph. Outlook: CSV of tasks and of a calendar."""

from collections.abc import Iterable, Iterator
from typing import Any

from buildos_box.imports.csv_table import Row, Table
from buildos_box.imports.programs.program import (
    IN_MONTH_FIRST_ORDER,
    Meaning,
    Program,
    Record,
    is_true,
)

_COLUMNS = ["id", "title", "description", "status", "priority", "start", "due", "completed", "list"]
_TODO_STATUS = {"waitingOnOthers": "blocked", "deferred": "todo", "notStarted": "todo"}


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
        _TODO_STATUS.get(status, status),
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


_OUTLOOK_STATUS = {"waitingonsomeoneelse": "blocked", "deferred": "todo"}


def _outlook_tasks(records: Iterable[Record]) -> Iterator[Meaning]:
    from buildos_box.imports.csv_columns import plain

    for record in records:
        status = _OUTLOOK_STATUS.get(plain(record.get("status", "")))
        yield Meaning(fields={"status": status} if status else {})


def _outlook_events(records: Iterable[Record]) -> Iterator[Meaning]:
    """An all-day event ends at the midnight after its last day."""
    for record in records:
        all_day = is_true(record.get("alldayevent", ""))
        fields = {"start time": "", "end time": "", "end before": "yes"} if all_day else {}
        yield Meaning(fields=fields)


OUTLOOK_TASKS = Program(
    name="outlook-tasks",
    title="Outlook tasks",
    signature=("Subject", "Due Date", "Date Completed", "% Complete", "Sensitivity"),
    columns={"completed": ("Date Completed",), "status": ("Status",), "priority": ("Priority",)},
    meanings=_outlook_tasks,
    month_first=IN_MONTH_FIRST_ORDER,
)
OUTLOOK_CALENDAR = Program(
    name="outlook-calendar",
    title="Outlook calendar",
    kind="events",
    signature=("Subject", "Start Date", "Start Time", "All day event", "Reminder on/off"),
    meanings=_outlook_events,
    month_first=IN_MONTH_FIRST_ORDER,
)
