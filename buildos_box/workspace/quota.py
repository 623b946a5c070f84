"""How much of the database each user takes: kept with every write, and limited by `[limits]`."""

from collections import defaultdict
from collections.abc import Mapping

from buildos_box.db import Row, Tx
from buildos_box.errors import Unprocessable
from buildos_box.settings import LimitsSettings
from buildos_box.workspace.changes import UserDataGrown
from buildos_box.workspace.item_types import DEPENDENCIES, Kind
from buildos_box.workspace.store import storage as store
from buildos_box.workspace.store.storage import Size

LISTS = {
    "projects": "projects_per_user",
    "tasks": "tasks_per_user",
    "notes": "notes_per_user",
    "events": "events_per_user",
    DEPENDENCIES: "dependencies_per_user",
}
"""The lists that grow, each with its key of `[limits]`. Others have a row per user at most."""


class StorageChanges:
    """What one transaction adds and takes away, by user and list."""

    def __init__(self) -> None:
        self._changes: dict[str, dict[str, Size]] = defaultdict(dict)

    def saved(self, kind: Kind, owner: str, rows: int, size: int) -> None:
        """So many rows are inserted or updated, by which the list grows by so many bytes."""
        if kind.name in LISTS:
            self.add(owner, kind.name, rows, size)

    def removed(self, tx: Tx, kind: Kind, row: Row, owner: str) -> None:
        """A row is about to be deleted, and with it what belongs to it."""
        if kind.name == "users":
            self._changes.pop(owner, None)
        if kind.name not in LISTS:
            return
        self.add(owner, kind.name, -1, -store.bytes_of(kind, row))
        if kind.name == "projects":
            for name, (rows, size) in store.of_project(tx, row["id"]).items():
                self.add(owner, name, -rows, -size)
        elif kind.name == "tasks":
            self.add(owner, DEPENDENCIES, -store.dependencies_of(tx, [row["id"]]), 0)

    def add(self, owner: str, name: str, rows: int, size: int) -> None:
        """So many rows and bytes more, or less."""
        before = self._changes[owner].get(name, (0, 0))
        self._changes[owner][name] = (before[0] + rows, before[1] + size)

    def write(self, tx: Tx) -> None:
        """Store the changes, and announce what has grown. Raises what a listener raises."""
        for owner, changes in self._changes.items():
            changed = {name: size for name, size in changes.items() if size != (0, 0)}
            store.add(tx, owner, changed)
            grown = frozenset(name for name, (rows, _) in changed.items() if rows > 0)
            if grown or sum(size for _, size in changed.values()) > 0:
                tx.announce(UserDataGrown(owner, grown))


def check(
    limits: LimitsSettings, user_id: str, lists: frozenset[str], has: Mapping[str, Size]
) -> None:
    """Raises Unprocessable, naming the limit, if the user has more than it allows."""
    for name in sorted(lists):
        limit, rows = int(getattr(limits, LISTS[name])), has.get(name, (0, 0))[0]
        if limit and rows > limit:
            raise Unprocessable.field(
                name, f"user {user_id} would have {rows:,}; limits.{LISTS[name]} allows {limit:,}"
            )
    size, most = sum(size for _, size in has.values()), limits.max_bytes_per_user
    if most and size > most:
        raise Unprocessable(
            f"user {user_id} would have {size:,} bytes of projects, tasks, notes and events; "
            f"limits.max_bytes_per_user allows {most:,}"
        )
