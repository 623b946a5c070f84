"""Programs for tasks whose export is a CSV: Asana, ClickUp, Linear, TickTick, Todoist, Trello."""

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from buildos_box.clock import is_zone
from buildos_box.imports.csv_columns import plain
from buildos_box.imports.dates import as_instant
from buildos_box.imports.programs.program import Meaning, Program, Record, is_true, part_of


def _asana(records: Sequence[Record]) -> list[Meaning]:
    projects = {record.get("name", ""): record.get("projects", "") for record in records}
    return [_asana_task(record, projects) for record in records]


def _asana_task(record: Record, projects: dict[str, str]) -> Meaning:
    """A task of several projects goes into its first; a subtask into its parent's."""
    parent = record.get("parenttask", "")
    names = (record.get("projects", "") or projects.get(parent, "")).split(",")
    first, *others = [name.strip() for name in names]
    details = part_of(parent)
    if others:
        details.append(f"Also in: {', '.join(others)}")
    return Meaning(fields={"project": first}, details=details)


ASANA = Program(
    name="asana",
    title="Asana",
    signature=("Task ID", "Completed At", "Section/Column", "Projects", "Parent task"),
    columns={"project": ("Projects",)},
    meanings=_asana,
)
"""Asana: a project's CSV."""


_CLICKUP_PRIORITY = {"1": "urgent", "2": "high", "3": "medium", "4": "low"}
_CLICKUP_NOTHING = ("null", "undefined", "[]")


def _clickup(records: Sequence[Record]) -> list[Meaning]:
    titles = {record.get("taskid", ""): record.get("taskname", "") for record in records}
    return [_clickup_task(record, titles) for record in records]


def _clickup_task(record: Record, titles: dict[str, str]) -> Meaning:
    cells = {name: "" if text in _CLICKUP_NOTHING else text for name, text in record.items()}
    priority = cells.get("priority", "")
    return Meaning(
        fields={
            "description": cells.get("taskcontent", ""),
            "priority": _CLICKUP_PRIORITY.get(priority, priority),
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
    meanings=_clickup,
)
"""ClickUp: a list's CSV, with times in milliseconds since 1970 and `null` for nothing."""


_LINEAR_STATUS = {"triage": "todo", "inreview": "in_progress"}
_LINEAR_CLOSED = ("canceled", "cancelled", "duplicate")


def _linear(records: Iterable[Record]) -> Iterator[Meaning]:
    for record in records:
        status = plain(record.get("status", ""))
        closed = status in _LINEAR_CLOSED
        fields = {"project": record.get("project", "") or record.get("team", "")}
        if closed or status in _LINEAR_STATUS:
            fields["status"] = "done" if closed else _LINEAR_STATUS[status]
        details = part_of(record.get("parentissue", ""))
        if closed:
            details.append(f"Status in Linear: {record['status']}")
        yield Meaning(fields=fields, details=details)


LINEAR = Program(
    name="linear",
    title="Linear",
    signature=("ID", "Team", "Title", "Status", "Priority", "Parent issue"),
    columns={"project": ("Project", "Team"), "completed": ("Completed",), "status": ("Status",)},
    meanings=_linear,
)
"""Linear: a workspace's or a view's CSV."""


_TICKTICK_PRIORITY = {"1": "low", "3": "medium", "5": "high"}
_TICKTICK_OPEN = "0"


def _ticktick(records: Sequence[Record]) -> list[Meaning]:
    titles = {record.get("taskid", ""): record.get("title", "") for record in records}
    return [
        _ticktick_task(record, titles.get(record.get("parentid", "") or "-", ""))
        for record in records
    ]


def _ticktick_task(record: Record, parent: str) -> Meaning:
    fields = {
        "priority": _TICKTICK_PRIORITY.get(record.get("priority", ""), ""),
        "status": "todo" if record.get("status", "") == _TICKTICK_OPEN else "done",
    }
    for name in ("start", "due"):
        fields[name] = _day_or_instant(record, record.get(f"{name}date", ""))
    details = part_of(parent)
    if rule := record.get("repeat", ""):
        details.append(f"Repeats: {rule.removeprefix('RRULE:')}")
    return Meaning(fields=fields, details=details)


def _day_or_instant(record: Record, text: str) -> str:
    """An all-day date is exported as its midnight in the row's own zone."""
    zone = record.get("timezone", "")
    if not is_true(record.get("isallday", "")) or not is_zone(zone):
        return text
    at = as_instant(text)
    return text if at is None else at.astimezone(ZoneInfo(zone)).date().isoformat()


TICKTICK = Program(
    name="ticktick",
    title="TickTick",
    signature=("List Name", "Title", "Is Check list", "Repeat", "Priority", "Is All Day"),
    columns={
        "project": ("List Name",),
        "description": ("Content",),
        "completed": ("Completed Time",),
        "id": ("taskId",),
    },
    meanings=_ticktick,
)
"""TickTick: the backup CSV, which begins with lines about itself."""


def _todoist(records: Iterable[Record]) -> Iterator[Meaning]:
    for record in records:
        row_type = record.get("type", "").lower()
        if row_type == "note":
            yield Meaning(skip=True, previous_details=[record.get("content", "")])
            continue
        deadline = record.get("deadline", "")
        yield Meaning(
            skip=row_type != "task",
            details=[f"Deadline: {deadline}"] if deadline else [],
        )


TODOIST = Program(
    name="todoist",
    title="Todoist",
    signature=("TYPE", "CONTENT", "PRIORITY", "INDENT", "DATE"),
    columns={"title": ("CONTENT",), "due": ("DATE",), "type": ()},
    meanings=_todoist,
    free_dates=True,
)
"""Todoist: a project's CSV (Settings, Backups; or Export as CSV)."""


def _trello(records: Iterable[Record]) -> Iterator[Meaning]:
    for record in records:
        closed = is_true(record.get("archived", "")) or is_true(record.get("duecomplete", ""))
        yield Meaning(fields={"status": "done"} if closed else {})


TRELLO = Program(
    name="trello",
    title="Trello",
    signature=("Card ID", "Card Name", "Board Name"),
    columns={"project": ("Board Name",), "status": ()},
    meanings=_trello,
)
"""Trello: a board's CSV."""
