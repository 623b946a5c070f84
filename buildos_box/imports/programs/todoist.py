"""Todoist: a project's CSV (Settings, Backups; or Export as CSV)."""

from collections.abc import Iterable, Iterator

from buildos_box.imports.programs.program import Meaning, Program, Record


def _meanings(records: Iterable[Record]) -> Iterator[Meaning]:
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
    meanings=_meanings,
    free_dates=True,
)
