"""Linear: a workspace's or a view's CSV."""

from collections.abc import Iterable, Iterator

from buildos_box.imports.csv_columns import plain
from buildos_box.imports.programs.program import Meaning, Program, Record, part_of

_STATUS = {"triage": "todo", "inreview": "in_progress"}
_CLOSED = ("canceled", "cancelled", "duplicate")


def _meanings(records: Iterable[Record]) -> Iterator[Meaning]:
    for record in records:
        status = plain(record.get("status", ""))
        closed = status in _CLOSED
        fields = {"project": record.get("project", "") or record.get("team", "")}
        if closed or status in _STATUS:
            fields["status"] = "done" if closed else _STATUS[status]
        details = part_of(record.get("parentissue", ""))
        if closed:
            details.append(f"Status in Linear: {record['status']}")
        yield Meaning(fields=fields, details=details)


LINEAR = Program(
    name="linear",
    title="Linear",
    signature=("ID", "Team", "Title", "Status", "Priority", "Parent issue"),
    columns={"project": ("Project", "Team"), "completed": ("Completed",), "status": ("Status",)},
    meanings=_meanings,
)
