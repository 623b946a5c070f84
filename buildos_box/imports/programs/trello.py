"""Trello: a board's CSV."""

from collections.abc import Iterable, Iterator

from buildos_box.imports.programs.program import Meaning, Program, Record, is_true


def _meanings(records: Iterable[Record]) -> Iterator[Meaning]:
    for record in records:
        closed = is_true(record.get("archived", "")) or is_true(record.get("duecomplete", ""))
        yield Meaning(fields={"status": "done"} if closed else {})


TRELLO = Program(
    name="trello",
    title="Trello",
    signature=("Card ID", "Card Name", "Board Name"),
    columns={"project": ("Board Name",), "status": ()},
    meanings=_meanings,
)
