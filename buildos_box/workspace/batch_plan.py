"""Compares a batch with the stored rows and resolves its references.

Nothing is written here, so that a batch with a fault has no effect.
"""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx
from buildos_box.workspace.batch import Batch, Item, Link
from buildos_box.workspace.item_types import KINDS, TASKS, Kind, Values
from buildos_box.workspace.plan_rows import Plan
from buildos_box.workspace.rules import cycles
from buildos_box.workspace.store import records

PAGE = 500
MAX_REACHED, REACHED_PER_LINK = 2_000, 10
"""How many dependencies a check for cycles follows: others wait for the transaction."""
Owner = str | None
"""A user's id; None for an item of this batch that is invalid itself."""


class Planner:
    """Checks one batch in the transaction that will write it, adding to `batch.faults`.

    With `only_user`, other users' items count as missing.
    """

    def __init__(self, tx: Tx, batch: Batch, now: Instant, only_user: str | None) -> None:
        self._tx = tx
        self._batch = batch
        self._now = now
        self._only_user = only_user
        self._owners: dict[str, dict[str, Owner]] = {"users": {}, "projects": {}, "tasks": {}}

    def plan(self) -> Plan:
        """Check every item, deletion and dependency; the plan holds only if there is no fault."""
        plan = Plan(to_text(self._now))
        for kind in KINDS:
            items = self._batch.items.get(kind.name) or []
            for start in range(0, len(items), PAGE):
                self._plan_some(plan, kind, items[start : start + PAGE])
        self._check_deletes()
        self._check_links()
        return plan

    def _plan_some(self, plan: Plan, kind: Kind, items: list[Item]) -> None:
        stored = records.stored(self._tx, kind, {item.key for item in items})
        self._load_parents(kind, items, stored)
        own = kind.normalise_own if self._only_user is not None else None
        normalise = own or kind.normalise
        new = kind.defaults()
        # Nothing but a dependency refers to a task.
        owners = self._owners.get(kind.name) if self._batch.links or kind is not TASKS else None
        for item in items:
            row = stored.get(item.key)
            before = None if row is None else dict(zip(kind.columns, row, strict=True))
            after = (new if before is None else before) | item.given
            sound = self._check_required(kind, item, before) and not item.refused
            owner = self._owner_of(kind, item, before, after)
            if owners is not None:
                owners[item.key] = owner
            if not sound:
                continue
            for column, message in normalise(before, item.given, after, self._now):
                self._batch.fault(f"{item.path}{kind.name_of(column)}", message)
            if owner is not None:
                plan.add(kind, before, item.given, after, owner)

    def _check_required(self, kind: Kind, item: Item, before: Values | None) -> bool:
        if before is not None or kind.required_columns <= item.given.keys():
            return True
        missing = [
            field
            for field in kind.required
            if field.column not in item.given and field.column not in item.refused
        ]
        for field in missing:
            self._batch.fault(f"{item.path}{field.name}", "is required")
        return not missing

    def _load_parents(self, kind: Kind, items: list[Item], stored: dict[str, Row]) -> None:
        if kind.parent is None or kind.parent_field is None:
            return
        column = kind.parent_field.column
        wanted = {item.given[column] for item in items if column in item.given}
        wanted |= {row[column] for row in stored.values()}
        known = self._owners[kind.parent]
        for key, owner in records.owners(self._tx, kind.parent, wanted - known.keys()).items():
            known[key] = owner

    def _owner_of(self, kind: Kind, item: Item, before: Values | None, after: Values) -> Owner:
        """The user that the item belongs to; None with a fault if that cannot be."""
        if kind.parent is None or kind.parent_field is None:
            return item.key
        field, known = kind.parent_field, self._owners[kind.parent]
        parent = after[field.column]
        if parent is None:
            return None
        fault = self._absence(kind.parent, parent)
        owner = known.get(parent)
        if fault is None and before is not None and owner is not None:
            earlier = before[field.column]
            if earlier != parent and known[earlier] != owner:
                fault = f"belongs to another user than {kind.noun} {item.key!r}"
        if fault is not None:
            self._batch.fault(f"{item.path}{field.name}", fault)
            return None
        return owner

    def _absence(self, kind_name: str, key: str) -> str | None:
        """Why nothing can refer to this; None if something can."""
        known = self._owners[kind_name]
        owner = known.get(key)
        hidden = self._only_user is not None and owner is not None and owner != self._only_user
        if hidden or key not in known:
            return f"there is no {_noun(kind_name)} {key!r}"
        if key in self._batch.deletes.get(kind_name, ()):
            return f"{_noun(kind_name)} {key!r} is deleted in the same request"
        return None

    def _exists(self, kind_name: str, key: str, path: str) -> bool:
        absence = self._absence(kind_name, key)
        if absence is not None:
            self._batch.fault(path, absence)
        return absence is None

    def _check_deletes(self) -> None:
        for kind in KINDS:
            deleted = self._batch.deletes.get(kind.name)
            if deleted:
                for item in self._batch.items.get(kind.name) or ():
                    if item.key in deleted:
                        self._batch.fault(deleted[item.key], f"is also written in {kind.name}")

    def _check_links(self) -> None:
        links = self._batch.links
        if not links:
            return
        known = self._owners["tasks"]
        wanted = {end for link in links for end in (link.task_id, link.depends_on_id)}
        for key, owner in records.owners(self._tx, "tasks", wanted - known.keys()).items():
            known[key] = owner
        sound = [link for link in links if self._check_ends(link)]
        self._check_cycles(sound)

    def _check_ends(self, link: Link) -> bool:
        here = self._exists("tasks", link.task_id, link.task_path)
        there = self._exists("tasks", link.depends_on_id, link.other_path)
        if not (here and there):
            return False
        owners = self._owners["tasks"][link.task_id], self._owners["tasks"][link.depends_on_id]
        if None not in owners and owners[0] != owners[1]:
            self._batch.fault(link.other_path, "is a task of another user")
            return False
        return True

    def _check_cycles(self, links: list[Link]) -> None:
        by_edge = {(link.task_id, link.depends_on_id): link for link in links}
        dropped = {(link.task_id, link.depends_on_id) for link in self._batch.unlinks}
        for edge in records.known_dependencies(self._tx, by_edge):
            del by_edge[edge]
        # A new cycle runs through a new edge, so that only what lies behind one has to be known.
        most = MAX_REACHED + REACHED_PER_LINK * len(by_edge)
        stored = records.dependencies_from(self._tx, {end for _, end in by_edge}, most)
        if stored is None:
            message = f"leads to more than {most:,} dependencies, one behind the other"
            self._batch.fault(next(iter(by_edge.values())).path, message)
            return
        kept = [edge for edge in stored if edge not in dropped]
        for edge, tasks in cycles(kept, by_edge):
            path = by_edge[edge].path
            self._batch.fault(path, f"closes a dependency cycle: {' ↔ '.join(tasks[:10])}")


def _noun(kind_name: str) -> str:
    return next(kind.noun for kind in KINDS if kind.name == kind_name)
