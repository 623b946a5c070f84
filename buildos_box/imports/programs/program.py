"""What a preset for one program's export is made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from buildos_box.imports.csv_columns import plain

Record = Mapping[str, str]
"""One row's cells by the plain names of their columns (letters and digits, lower case)."""
IN_MONTH_FIRST_ORDER = True


@dataclass(slots=True)
class Meaning:
    """What a row means beyond its cells."""

    skip: bool = False
    """The row is a setting, a section or the like, and no item."""
    fields: dict[str, str] = field(default_factory=dict)
    """Texts that replace the cells of those fields."""
    details: list[str] = field(default_factory=list)
    """Lines added to the description."""
    previous_details: list[str] = field(default_factory=list)
    """Lines added to the description of the item above."""


def _as_it_is(records: Iterable[Record]) -> Iterator[Meaning]:
    return (Meaning() for _ in records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program whose exports are known."""

    name: str
    """As `--from` takes it."""
    title: str
    kind: str = "tasks"
    signature: tuple[str, ...] = ()
    """Columns that together no other program has; none if it cannot be recognised."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For these fields, only these columns (none: the field has no column)."""
    meanings: Callable[[Sequence[Record]], Iterable[Meaning]] = _as_it_is
    """One meaning for each row, in order."""
    month_first: bool | None = None
    """How it writes 12/5/2026, where that is known."""
    free_dates: bool = False
    """Due dates may be text in any language, such as `every monday`."""

    def recognises(self, columns: Iterable[str]) -> bool:
        """Whether a table with these columns is one of this program's."""
        names = {plain(name) for name in columns}
        return bool(self.signature) and all(plain(name) in names for name in self.signature)


def is_true(text: str) -> bool:
    """Whether a cell says yes."""
    return plain(text) in ("true", "yes", "1", "x", "y")


def part_of(parent: str) -> list[str]:
    """How a subtask names the task that it is part of."""
    return [f"Part of: {parent}"] if parent else []
