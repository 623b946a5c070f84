"""Ids of imported items: the same row gets the same id in every import."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from buildos_box.calendars.ics.stable_id import stable_id
from buildos_box.imports.csv_rows import Cells

SOURCE = "csv"
IDENTIFYING_FIELDS = {
    "tasks": ("projectId", "title"),
    "projects": ("name",),
    "events": ("title", "startAt", "startDate"),
}
"""The fields that distinguish rows without an id."""


class ItemIds:
    """The ids of one table's items."""

    def __init__(self, user_id: str, kind: str) -> None:
        self._user_id = user_id
        self._kind = kind
        self._lines: dict[str, int] = {}
        self._seen: Counter[str] = Counter()

    def of(self, cells: Cells, item: Mapping[str, Any]) -> tuple[str, str | None]:
        """The item's id, and the fault of the row's own id if it has one."""
        own = cells.text("id")
        if own and own not in self._lines:
            self._lines[own] = cells.row.line
            return stable_id(self._user_id, own, self._kind, source=SOURCE), None
        fault = f"is that of line {self._lines[own]} too" if own else None
        fields = IDENTIFYING_FIELDS[self._kind]
        named = "\n".join(str(item.get(name, "")) for name in fields)
        self._seen[named] += 1
        number = str(self._seen[named])
        return stable_id(self._user_id, named, f"{self._kind} {number}", source=SOURCE), fault


class Projects:
    """The projects of a table's tasks, including those that the import creates."""

    def __init__(self, user_id: str, known: Mapping[str, str], usual: Callable[[], str]) -> None:
        self._user_id = user_id
        self._known = known
        self._usual = usual
        # Of two projects with the same name, the first is used.
        self._by_name = {name.casefold(): key for key, name in reversed(list(known.items()))}
        self._new: dict[str, dict[str, Any]] = {}

    @property
    def new(self) -> list[dict[str, Any]]:
        """The projects to create."""
        return list(self._new.values())

    def of(self, name: str) -> tuple[str, bool]:
        """The id of the project of that name, and whether it was just added to those to create."""
        if not name:
            return self._usual(), False
        known = self._by_name.get(name.casefold())
        if known is not None:
            return known, False
        key = stable_id(self._user_id, name.casefold(), "project", source=SOURCE)
        is_new = key not in self._known and key not in self._new
        if is_new:
            self._new[key] = {"id": key, "userId": self._user_id, "name": name}
        return key, is_new

    def without(self, key: str) -> str:
        """Remove a project from those to create; returns the id of the default one."""
        del self._new[key]
        return self._usual()
