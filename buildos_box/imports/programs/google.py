"""Google: a calendar's CSV, and the tasks of a Takeout archive (`Tasks.json`)."""

from collections.abc import Iterable, Iterator
from typing import Any

from buildos_box.imports.csv_table import Row, Table
from buildos_box.imports.programs.program import (
    IN_MONTH_FIRST_ORDER,
    Meaning,
    Program,
    Record,
    is_true,
    part_of,
)

_TASK_COLUMNS = ["id", "title", "notes", "status", "due", "completed", "list", "parent", "deleted"]
_DAY = len("2026-12-09")


def _events(records: Iterable[Record]) -> Iterator[Meaning]:
    """The end date of an all-day event is its last day."""
    for record in records:
        all_day = is_true(record.get("alldayevent", ""))
        yield Meaning(fields={"start time": "", "end time": ""} if all_day else {})


def _tasks(records: Iterable[Record]) -> Iterator[Meaning]:
    """Google Tasks keeps the day of a due date only, written as its midnight in UTC."""
    for record in records:
        yield Meaning(
            skip=is_true(record["deleted"]),
            fields={"due": record["due"][:_DAY]},
            details=part_of(record["parent"]),
        )


def tasks_table(document: Any) -> Table | None:
    """The table of a Takeout document; None if it is something else."""
    if not isinstance(document, dict) or document.get("kind") != "tasks#taskLists":
        return None
    rows: list[Row] = []
    for task_list in _objects(document.get("items")):
        tasks = _objects(task_list.get("items"))
        titles = {task.get("id"): task.get("title") for task in tasks}
        for task in tasks:
            shown = {
                **task,
                "list": task_list.get("title"),
                "parent": titles.get(task.get("parent")),
            }
            cells = [
                "" if (value := shown.get(name)) is None else str(value) for name in _TASK_COLUMNS
            ]
            rows.append(Row(len(rows) + 1, cells))
    return Table(list(_TASK_COLUMNS), rows)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


GOOGLE_CALENDAR = Program(
    name="google-calendar",
    title="Google Calendar",
    kind="events",
    signature=("Subject", "Start Date", "Start Time", "All Day Event", "Private"),
    meanings=_events,
    month_first=IN_MONTH_FIRST_ORDER,
)
GOOGLE_TASKS = Program(
    name="google-tasks",
    title="Google Tasks",
    columns={"project": ("list",)},
    meanings=_tasks,
)
