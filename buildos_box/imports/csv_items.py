"""From the rows of a table to the items of `POST /sync`, or every fault by its cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from buildos_box.errors import FieldFault, Unprocessable
from buildos_box.imports.csv_columns import assign, plain
from buildos_box.imports.csv_rows import CellFault, Cells, event_values, project_values, task_values
from buildos_box.imports.csv_table import Row, Table
from buildos_box.imports.dates import Dates
from buildos_box.imports.item_ids import ItemIds, Projects
from buildos_box.imports.programs import Meaning, Program
from buildos_box.workspace import item_types

Json = dict[str, Any]
KINDS = {kind.name: kind for kind in (item_types.TASKS, item_types.PROJECTS, item_types.EVENTS)}
REQUIRED = {
    "tasks": ("title",),
    "projects": ("name",),
    "events": ("title",),
}
NOT_TASKS = ("section", "note", "comment")
"""Types of rows that are not items."""
MOST_FAULTS = 50
_VALUES = {"tasks": task_values, "projects": project_values, "events": event_values}
_DATE_FIELDS = ("start", "due", "completed", "end")


@dataclass(frozen=True, slots=True)
class Owner:
    """The user of the rows, and their projects."""

    id: str
    projects: Mapping[str, str]
    """Names by id."""
    usual_project: Callable[[], str]
    """The id of the project for rows that name none."""


@dataclass(slots=True)
class Taken:
    """The result of a table. `lines` are the lines of its items, in their order."""

    document: dict[str, list[Json]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Columns that were not used."""
    skipped: int = 0
    """Rows that are not items: settings, sections, comments."""
    notes: list[str] = field(default_factory=list)
    """Values that were kept as text, by line."""
    bad: list[FieldFault] = field(default_factory=list)
    """With `skip_bad`, cells that could not be parsed and were left empty."""


def take(
    table: Table,
    kind: str,
    choices: tuple[str, ...],
    dates: Dates,
    owner: Owner,
    *,
    program: Program | None = None,
    skip_bad: bool = False,
) -> Taken:
    """The items of that list, parsed as `program` writes them.

    `choices` say which column is which field (`COLUMN=FIELD`) and win over the program's own. With
    `skip_bad` a cell that cannot be parsed is left empty, and a row without a title is left out;
    both are listed in `bad`. Raises Malformed for a wrong choice or a missing column, and without
    `skip_bad` Unprocessable with every faulty cell.
    """
    columns = assign(table.columns, kind, choices, program.columns if program else None)
    return _Reading(table, kind, columns, dates, owner, program, choices, skip_bad).all()


class _Reading:
    """One table while it is being parsed."""

    def __init__(
        self,
        table: Table,
        kind: str,
        columns: dict[str, int],
        dates: Dates,
        owner: Owner,
        program: Program | None,
        choices: tuple[str, ...],
        skip_bad: bool,
    ) -> None:
        self._table = table
        self._kind = kind
        self._columns = columns
        self._owner = owner
        self._program = program
        self._skip_bad = skip_bad
        self._chosen = _chosen(table, columns, choices)
        self._dates = self._dates_of_table(dates)
        self._projects = Projects(owner.id, owner.projects, owner.usual_project)
        self._ids = ItemIds(owner.id, kind)
        self._faults: list[FieldFault] = []
        self._taken = Taken()

    def all(self) -> Taken:
        taken, used = self._taken, set(self._columns.values())
        names = enumerate(self._table.columns)
        taken.left_out = [name for at, name in names if name and at not in used]
        items: list[Json] = []
        for row, meaning in zip(self._table.rows, self._meanings(), strict=True):
            if meaning.previous_details and items:
                _describe(items[-1], meaning.previous_details)
            cells = Cells(row, self._columns, self._without_choices(meaning))
            if meaning.skip or self._is_other(cells):
                taken.skipped += 1
            elif (item := self._item(cells, meaning)) is not None:
                items.append(item)
                taken.lines.append(row.line)
        if self._faults and not self._skip_bad:
            raise Unprocessable("the table has faults", details=tuple(self._faults[:MOST_FAULTS]))
        taken.bad = self._faults
        lists = {"projects": self._projects.new, self._kind: items}
        taken.document = {name: found for name, found in lists.items() if found}
        return taken

    def _meanings(self) -> list[Meaning]:
        if self._program is None:
            return [Meaning() for _ in self._table.rows]
        names = [plain(name) for name in self._table.columns]
        records = [
            {name: row.cell(at) for at, name in enumerate(names)} for row in self._table.rows
        ]
        return list(self._program.meanings(records))

    def _without_choices(self, meaning: Meaning) -> dict[str, str]:
        """The program's rules, without the fields whose column was chosen."""
        return {name: text for name, text in meaning.fields.items() if name not in self._chosen}

    def _is_other(self, cells: Cells) -> bool:
        return cells.text("type").casefold() in NOT_TASKS

    def _dates_of_table(self, dates: Dates) -> Dates:
        at = [self._columns[name] for name in _DATE_FIELDS if name in self._columns]
        learned = dates.learned_from(row.cell(column) for row in self._table.rows for column in at)
        if learned.month_first is None and self._program is not None:
            return learned.in_order(self._program.month_first)
        return learned

    def _item(self, cells: Cells, meaning: Meaning) -> Json | None:
        """One row as an item; None if it has a fault and is left out."""
        item: Json = {}
        before = len(self._faults)
        if self._kind == "tasks":
            item["projectId"] = self._project(cells)
        else:
            item["userId"] = self._owner.id
        kept: list[str] = []
        free_dates = self._program is not None and self._program.free_dates
        for value in _VALUES[self._kind](cells, self._dates, kept, free_dates):
            if isinstance(value, CellFault):
                self._fault(cells.row, value.source, value.message)
            else:
                name, found, source = value
                if self._is_valid(cells.row, name, found, source):
                    item[name] = found
        _describe(item, [*meaning.details, *kept])
        self._taken.notes += [f"line {cells.row.line}: kept as text: {text}" for text in kept]
        key, fault = self._ids.of(cells, item)
        if fault:
            self._fault(cells.row, "id", fault)
        if len(self._faults) > before and any(name not in item for name in REQUIRED[self._kind]):
            return None
        return {"id": key, **item}

    def _project(self, cells: Cells) -> str:
        name = cells.line("project")
        key, is_new = self._projects.of(name)
        if is_new and not self._is_valid(cells.row, "name", name, "project", item_types.PROJECTS):
            return self._projects.without(key)
        return key

    def _is_valid(
        self, row: Row, name: str, value: Any, source: str, kind: item_types.Kind | None = None
    ) -> bool:
        """Whether `POST /sync` will accept it; otherwise the fault is stored."""
        found = next(f for f in (kind or KINDS[self._kind]).fields if f.name == name)
        try:
            if value is not None:
                found.read(value)
        except ValueError as error:
            self._fault(row, source, str(error))
            return False
        return True

    def _fault(self, row: Row, name: str, message: str) -> None:
        at = self._columns.get(name)
        column = self._table.columns[at] if at is not None else name
        self._faults.append(FieldFault(f"line {row.line}, column {column}", message))


def _chosen(table: Table, columns: Mapping[str, int], choices: tuple[str, ...]) -> set[str]:
    """The fields whose column was chosen."""
    named = {plain(choice.rpartition("=")[0]) for choice in choices}
    return {name for name, at in columns.items() if plain(table.columns[at]) in named}


def _describe(item: Json, details: list[str]) -> None:
    """Add lines to the item's description."""
    lines = [line for line in details if line]
    if lines:
        item["description"] = "\n".join(filter(None, [item.get("description", ""), *lines]))
