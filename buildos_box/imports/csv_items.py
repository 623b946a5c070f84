"""From the rows of a table to what `POST /sync` takes: all of them, or every fault by its cell."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from buildos_box.calendars.ics.fields import one_line, stable_id
from buildos_box.clock import to_text
from buildos_box.errors import FieldFault, Impossible
from buildos_box.imports.csv_cells import Dates, day_after, priority, status
from buildos_box.imports.csv_columns import assign
from buildos_box.imports.csv_table import Row, Table
from buildos_box.workspace import kinds

T = TypeVar("T")
Json = dict[str, Any]
SOURCE = "csv"
KINDS = {kind.name: kind for kind in (kinds.TASKS, kinds.PROJECTS, kinds.EVENTS)}
CALLED = {
    "tasks": ("projectId", "title"),
    "projects": ("name",),
    "events": ("title", "startAt", "startDate"),
}
"""What tells rows without an id of their own apart."""
NO_TASK = ("section", "note", "comment")
"""Rows of such a type are something else (Todoist's own template)."""
MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose rows they are, and which projects there are."""

    id: str
    projects: Mapping[str, str]
    """Names by id."""
    usual_project: Callable[[], str]
    """The id of the project for rows that name none."""


@dataclass(slots=True)
class Taken:
    """What a table comes to. `lines` are those of the items of its own list, in their order."""

    document: dict[str, list[Json]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Columns that mean nothing to the box."""
    skipped: int = 0
    """Rows that are no task."""


def take(
    table: Table, kind: str, preferences: tuple[str, ...], dates: Dates, owner: Owner
) -> Taken:
    """The items of that list. Raises Malformed, and Impossible with every cell at fault."""
    columns = assign(table.columns, kind, preferences)
    return _Reading(table, kind, columns, dates, owner).all()


class _Reading:
    """One table on its way."""

    def __init__(
        self, table: Table, kind: str, columns: dict[str, int], dates: Dates, owner: Owner
    ) -> None:
        self._table = table
        self._kind = kind
        self._columns = columns
        self._dates = dates
        self._owner = owner
        # Of two projects of one name the first counts.
        self._known = {name.casefold(): key for key, name in reversed(list(owner.projects.items()))}
        self._new_projects: dict[str, Json] = {}
        self._seen: Counter[str] = Counter()
        self._ids: dict[str, int] = {}
        self._faults: list[FieldFault] = []

    def all(self) -> Taken:
        used = set(self._columns.values())
        names = enumerate(self._table.columns)
        taken = Taken(left_out=[name for at, name in names if name and at not in used])
        items = []
        for row in self._table.rows:
            if self._cell(row, "type").casefold() in NO_TASK:
                taken.skipped += 1
                continue
            items.append(self._item(row))
            taken.lines.append(row.line)
        if self._faults:
            raise Impossible("the table has faults", details=tuple(self._faults[:MOST_FAULTS]))
        lists = {"projects": list(self._new_projects.values()), self._kind: items}
        taken.document = {name: found for name, found in lists.items() if found}
        return taken

    def _item(self, row: Row) -> Json:
        """One row as an item; an empty cell says nothing, so that the field stays as it is."""
        item: Json = {}
        if self._kind == "tasks":
            item["projectId"] = self._project(row)
        else:
            item["userId"] = self._owner.id
        values = {"tasks": self._task, "projects": self._plan, "events": self._event}[self._kind]
        for name, value, source in values(row):
            item[name] = value
            self._check(row, name, value, source)
        return {"id": self._id(row, item), **item}

    def _task(self, row: Row) -> Iterator[tuple[str, Any, str]]:
        yield "title", one_line(self._cell(row, "title")), "title"
        yield from self._description(row)
        for name, value in (self._read(row, "status", self._task_status) or {}).items():
            yield name, value, "status"
        if level := self._read(row, "priority", priority):
            yield "priority", level, "priority"
        if start := self._read(row, "start", self._dates.day):
            yield "startDate", start.isoformat(), "start"
        due = self._read(row, "due", self._dates.read)
        if isinstance(due, datetime):
            yield from (("dueAt", to_text(due), "due"), ("dueDate", None, "due"))
        elif due:
            yield from (("dueDate", due.isoformat(), "due"), ("dueAt", None, "due"))
        if completed := self._read(row, "completed", self._dates.instant):
            yield "status", "done", "completed"
            yield "completedAt", to_text(completed), "completed"

    def _task_status(self, text: str) -> Json:
        """A word; or, in a column of times at which tasks were done, such a time."""
        try:
            return {"status": status(text, "tasks")}
        except ValueError:
            try:
                done = self._dates.instant(text)
            except ValueError:
                pass
            else:
                return {"status": "done", "completedAt": to_text(done)}
            raise

    def _plan(self, row: Row) -> Iterator[tuple[str, Any, str]]:
        yield "name", one_line(self._cell(row, "name")), "name"
        yield from self._description(row)
        yield from self._status(row)
        for source, name in (("start", "startDate"), ("due", "dueDate")):
            if day := self._read(row, source, self._dates.day):
                yield name, day.isoformat(), source

    def _event(self, row: Row) -> Iterator[tuple[str, Any, str]]:
        yield "title", one_line(self._cell(row, "title")), "title"
        yield from self._status(row)
        if place := one_line(self._cell(row, "location")):
            yield "location", place, "location"
        start, end = self._moment(row, "start"), self._moment(row, "end")
        if start is None:
            if not self._cell(row, "start"):
                self._fault(row, "start", "must not be empty")
        elif isinstance(start, datetime):
            if end is not None and not isinstance(end, datetime):
                self._fault(row, "end", "must have a time of day, as its start has")
                return
            yield "startAt", to_text(start), "start"
            if end is not None:
                yield "endAt", to_text(end), "end"
        else:
            last = end.astimezone(self._dates.zone).date() if isinstance(end, datetime) else end
            yield "allDay", True, "start"
            yield "startDate", start.isoformat(), "start"
            yield "endDate", day_after(last or start).isoformat(), "end"

    def _moment(self, row: Row, name: str) -> date | datetime | None:
        """A day, with the time of day of a column of its own if there is one."""
        day, time = self._cell(row, name), self._cell(row, f"{name} time")
        return self._read_text(row, name, f"{day} {time}".strip() if day else "", self._dates.read)

    def _status(self, row: Row) -> Iterator[tuple[str, Any, str]]:
        if word := self._read(row, "status", lambda text: status(text, self._kind)):
            yield "status", word, "status"

    def _description(self, row: Row) -> Iterator[tuple[str, Any, str]]:
        if words := self._cell(row, "description").replace("\r\n", "\n").replace("\r", "\n"):
            yield "description", words, "description"

    def _project(self, row: Row) -> str:
        """The project that the row names, a new one if there is none of that name."""
        name = one_line(self._cell(row, "project"))
        if not name:
            return self._owner.usual_project()
        known = self._known.get(name.casefold())
        if known is not None:
            return known
        key = stable_id(self._owner.id, name.casefold(), "project", source=SOURCE)
        if key not in self._owner.projects and key not in self._new_projects:
            made = {"id": key, "userId": self._owner.id, "name": name}
            self._new_projects[key] = made
            self._check(row, "name", name, "project", kinds.PROJECTS)
        return key

    def _id(self, row: Row, item: Json) -> str:
        """The same row gets the same id in every import: by its own, else by what it is called."""
        own = self._cell(row, "id")
        if own:
            if own in self._ids:
                self._fault(row, "id", f"is that of line {self._ids[own]} too")
            self._ids[own] = row.line
            return stable_id(self._owner.id, own, self._kind, source=SOURCE)
        called = "\n".join(str(item.get(name, "")) for name in CALLED[self._kind])
        self._seen[called] += 1
        number = str(self._seen[called])
        return stable_id(self._owner.id, called, f"{self._kind} {number}", source=SOURCE)

    def _cell(self, row: Row, name: str) -> str:
        at = self._columns.get(name)
        return "" if at is None else row.cell(at)

    def _read(self, row: Row, name: str, read: Callable[[str], T]) -> T | None:
        return self._read_text(row, name, self._cell(row, name), read)

    def _read_text(self, row: Row, name: str, text: str, read: Callable[[str], T]) -> T | None:
        """What the text means; nothing if it is empty or, which is noted, at fault."""
        if not text:
            return None
        try:
            return read(text)
        except ValueError as error:
            self._fault(row, name, str(error))
            return None

    def _check(
        self, row: Row, name: str, value: Any, source: str, kind: kinds.Kind | None = None
    ) -> None:
        """As the box itself will."""
        found = next(f for f in (kind or KINDS[self._kind]).fields if f.name == name)
        try:
            if value is not None:
                found.read(value)
        except ValueError as error:
            self._fault(row, source, str(error))

    def _fault(self, row: Row, name: str, message: str) -> None:
        at = self._columns.get(name)
        column = self._table.columns[at] if at is not None else name
        self._faults.append(FieldFault(f"line {row.line}, column {column}", message))
