"""The checked rows of a batch, kept in few bytes until they are written."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from buildos_box.workspace.item_types import Kind, Values
from buildos_box.workspace.quota import StorageChanges
from buildos_box.workspace.store.storage import bytes_of_texts

CHANGED = "updated_at"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one list that are all new, or of which the same columns change.

    Of a row that changes, only these columns are kept: all that is stored of many items would take
    several times the memory of the request. A column that is not written costs no index its upkeep.
    """

    kind: Kind
    is_new: bool
    columns: tuple[str, ...]
    """Those that are written; the first is the key."""
    values: list[tuple[Any, ...]] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    """The key of each row's parent; of a user its own."""


class Plan:
    """What a batch without faults writes, parents before children. `at` is the present instant."""

    def __init__(self, at: str) -> None:
        self._at = at
        self._rows: dict[tuple[str, bool, tuple[str, ...]], Rows] = {}
        self.unchanged: Counter[str] = Counter()
        """How many items of each list are stored as they are given."""
        self.storage = StorageChanges()

    @property
    def rows(self) -> list[Rows]:
        """Parents before children; new ones of a list in the order they were added."""
        return list(self._rows.values())

    def add(
        self, kind: Kind, before: Values | None, given: Values, after: Values, owner: str
    ) -> None:
        """Add an item's row, `before` and `after` by the columns of its list."""
        if before is None:
            self._add_new(kind, given, after, owner)
            return
        pairs = zip(kind.columns, before.values(), after.values(), strict=True)
        changed = [column for column, old, new in pairs if old != new]
        if not changed:
            self.unchanged[kind.name] += 1
            return
        size = bytes_of_texts([after[column] for column in changed])
        size -= bytes_of_texts([before[column] for column in changed])
        self.storage.saved(kind, owner, 0, size)
        columns, values = [kind.key.column, *changed], [after[column] for column in changed]
        if not given.get(CHANGED):
            columns.append(CHANGED)
            values.append(self._at)
        self._keep(kind, False, tuple(columns), (after[kind.key.column], *values), owner, after)

    def _add_new(self, kind: Kind, given: Values, after: Values, owner: str) -> None:
        stamps = (self._at,) if CHANGED in after else (self._at, self._at)
        if CHANGED in after and not given.get(CHANGED):
            after[CHANGED] = self._at
        values = tuple(after.values())
        self.storage.saved(kind, owner, 1, bytes_of_texts(values))
        self._keep(kind, True, kind.columns_of_new, values + stamps, owner, after)

    def _keep(
        self,
        kind: Kind,
        is_new: bool,
        columns: tuple[str, ...],
        values: tuple[Any, ...],
        owner: str,
        after: Values,
    ) -> None:
        shape = kind.name, is_new, columns
        rows = self._rows.get(shape)
        if rows is None:
            rows = self._rows[shape] = Rows(kind, is_new, columns)
        parent = kind.parent_field or kind.key
        rows.values.append(values)
        rows.owners.append(owner)
        rows.parents.append(after[parent.column])
