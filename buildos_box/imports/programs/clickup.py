"""ClickUp: a list's CSV, with times in milliseconds since 1970 and `null` for nothing."""

from collections.abc import Sequence

from buildos_box.imports.programs.program import Meaning, Program, Record, part_of

_PRIORITY = {"1": "urgent", "2": "high", "3": "medium", "4": "low"}
_NOTHING = ("null", "undefined", "[]")


def _meanings(records: Sequence[Record]) -> list[Meaning]:
    titles = {record.get("taskid", ""): record.get("taskname", "") for record in records}
    return [_meaning(record, titles) for record in records]


def _meaning(record: Record, titles: dict[str, str]) -> Meaning:
    cells = {name: "" if text in _NOTHING else text for name, text in record.items()}
    priority = cells.get("priority", "")
    return Meaning(
        fields={
            "description": cells.get("taskcontent", ""),
            "priority": _PRIORITY.get(priority, priority),
            "start": cells.get("startdate", ""),
            "due": cells.get("duedate", ""),
            "completed": cells.get("dateclosed", ""),
            "project": cells.get("listname", ""),
        },
        details=part_of(titles.get(cells.get("parentid", "") or "-", "")),
    )


CLICKUP = Program(
    name="clickup",
    title="ClickUp",
    signature=("Task ID", "Task Name", "Task Content", "List Name"),
    columns={
        "description": ("Task Content",),
        "due": ("Due Date",),
        "start": ("Start Date",),
        "completed": ("Date Closed",),
        "project": ("List Name",),
    },
    meanings=_meanings,
)
