"""TickTick: the backup CSV, which begins with lines about itself."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from buildos_box.clock import is_zone
from buildos_box.imports.dates import as_instant
from buildos_box.imports.programs.program import Meaning, Program, Record, is_true, part_of

_PRIORITY = {"1": "low", "3": "medium", "5": "high"}
_OPEN = "0"


def _meanings(records: Sequence[Record]) -> list[Meaning]:
    titles = {record.get("taskid", ""): record.get("title", "") for record in records}
    return [
        _meaning(record, titles.get(record.get("parentid", "") or "-", "")) for record in records
    ]


def _meaning(record: Record, parent: str) -> Meaning:
    fields = {
        "priority": _PRIORITY.get(record.get("priority", ""), ""),
        "status": "todo" if record.get("status", "") == _OPEN else "done",
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
    meanings=_meanings,
)
