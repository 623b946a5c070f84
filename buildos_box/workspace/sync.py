"""Writing a batch in one transaction, for `POST /sync` and the single-item routes.

The rules: docs/spec.md#sync.
"""

import msgspec

from buildos_box.clock import Instant
from buildos_box.db import Database, Row, Tx
from buildos_box.errors import FieldFault
from buildos_box.workspace.announcing import (
    WITH_ROWS,
    announce_before_removal,
    announce_gone,
    announce_saved,
    announce_tasks,
)
from buildos_box.workspace.batch import Batch, refuse
from buildos_box.workspace.batch_plan import Planner
from buildos_box.workspace.item_types import DEPENDENCIES, KINDS, TASKS, USERS, Kind
from buildos_box.workspace.plan_rows import Plan, Rows
from buildos_box.workspace.quota import StorageChanges
from buildos_box.workspace.store import forget_deleted, records


class Counts(msgspec.Struct, rename="camel"):
    """What became of one list's items, without those deleted with their user or project."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0


Changed = dict[str, Counts]
"""The counts per list, of the lists that the request names."""


async def write(
    db: Database, batch: Batch, now: Instant, *, only_user: str | None = None
) -> Changed:
    """Apply the batch. Raises Unprocessable with every fault, and then nothing is written."""
    return await db.write(lambda tx: apply(tx, batch, now, only_user=only_user))


def apply(tx: Tx, batch: Batch, now: Instant, *, only_user: str | None = None) -> Changed:
    """Upserts first, parents before children; then deletes, children before parents.

    Raises Unprocessable with every fault of the whole batch before anything is written.
    """
    batch = batch.copy()
    plan = Planner(tx, batch, now, only_user).plan()
    refuse(batch.faults)
    return _write(tx, batch, plan)


def apply_good(tx: Tx, batch: Batch, now: Instant) -> tuple[Changed, list[FieldFault]]:
    """The same without the items that have a fault, which are returned.

    Leaving one out may make others wrong (its children), so that it is looked again until none is.
    Raises Unprocessable if a fault is about no single item.
    """
    found: list[FieldFault] = []
    batch = batch.copy()
    while True:
        found += batch.faults
        batch.leave_out(batch.faults)
        batch.faults = []
        plan = Planner(tx, batch, now, None).plan()
        if not batch.faults:
            return _write(tx, batch, plan), found


def _write(tx: Tx, batch: Batch, plan: Plan) -> Changed:
    changed: Changed = {
        name: Counts(unchanged=plan.unchanged[name]) for name, items in batch.items.items() if items
    }
    storage = plan.storage
    for rows in plan.rows:
        counts = changed[rows.kind.name]
        if rows.is_new:
            counts.created += len(rows.values)
        else:
            counts.updated += len(rows.values)
        for some in records.at_once(len(rows.values)):
            _save(tx, rows, some)
    if batch.links or batch.unlinks:
        changed[DEPENDENCIES] = _link(tx, batch, storage)
    for kind in reversed(KINDS):
        keys = batch.deletes.get(kind.name)
        if keys:
            counts = changed.setdefault(kind.name, Counts())
            counts.deleted = _delete(tx, kind, list(keys), storage)
    storage.write(tx)
    return changed


def _save(tx: Tx, rows: Rows, some: slice) -> None:
    """Write some of the rows with one statement, and announce them."""
    kind, values = rows.kind, rows.values[some]
    keys = [row[0] for row in values]
    before = records.rows(tx, kind, keys) if kind.name in WITH_ROWS and not rows.is_new else {}
    write_rows = records.insert if rows.is_new else records.update
    write_rows(tx, kind, rows.columns, values)
    if kind is TASKS:
        owners, parents = rows.owners[some], rows.parents[some]
        announce_tasks(tx, keys, parents, owners, None if rows.is_new else rows.columns)
    elif kind.name in WITH_ROWS:
        after = records.rows(tx, kind, keys)
        for key in keys:
            announce_saved(tx, kind.name, before.get(key), after[key])


def _link(tx: Tx, batch: Batch, storage: StorageChanges) -> Counts:
    counts = Counts()
    tasks = {link.task_id for link in (*batch.unlinks, *batch.links)}
    owners = records.owners(tx, "tasks", tasks)
    for link in batch.unlinks:
        if records.drop_dependency(tx, link.task_id, link.depends_on_id):
            counts.deleted += 1
            storage.add(owners[link.task_id], DEPENDENCIES, -1, 0)
    for link in batch.links:
        if records.add_dependency(tx, link.task_id, link.depends_on_id):
            counts.created += 1
            storage.add(owners[link.task_id], DEPENDENCIES, 1, 0)
        else:
            counts.unchanged += 1
    return counts


def _delete(tx: Tx, kind: Kind, keys: list[str], storage: StorageChanges) -> int:
    rows = records.rows(tx, kind, keys)
    owners = _owners(tx, kind, rows)
    deleted = 0
    for key, row in rows.items():
        storage.removed(tx, kind, row, owners[key])
        announce_before_removal(tx, kind.name, row, owners[key])
        if records.delete(tx, kind, key):
            deleted += 1
            announce_gone(tx, kind.name, key)
    if kind is USERS and deleted:
        forget_deleted(tx)
    return deleted


def _owners(tx: Tx, kind: Kind, rows: dict[str, Row]) -> dict[str, str]:
    """Whose each row is, by key: its own user, or that of its project."""
    if kind.parent == "projects" and kind.parent_field is not None:
        column = kind.parent_field.column
        users = records.owners(tx, "projects", {row[column] for row in rows.values()})
        return {key: users[row[column]] for key, row in rows.items()}
    column = kind.parent_field.column if kind.parent_field is not None else kind.key.column
    return {key: row[column] for key, row in rows.items()}
