"""Parsing requests: all checks that need no database.

Faults are collected, not raised, so that a request with a thousand items is answered with all of
them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from msgspec import Struct

from buildos_box.errors import FieldFault, Forbidden, Unprocessable
from buildos_box.workspace.fields import id_text
from buildos_box.workspace.item_types import DEPENDENCIES, KINDS, PREFERENCES, Kind, Values
from buildos_box.workspace.request_bodies import values_of

MAX_FAULTS = 100
"""Whoever sends more is told of these: to look for all of a hostile million takes minutes."""
MAX_FAULTS_IN_SENTENCE = 5
_ITEM = re.compile(r"(?:deletes?\.)?\w+\[\d+\]")
"""The beginning of a fault's field that says which item of which list it is about."""


@dataclass(slots=True)
class Item:
    """One item to write. `given` are the parsed values by column; `refused` the invalid columns."""

    list_name: str
    index: int | None
    """Its place in the list; None for the only item of a request."""
    key: str
    given: Values
    refused: frozenset[str]

    @property
    def path(self) -> str:
        """The prefix of a field's name in faults: `tasks[3].`, or empty."""
        return _prefix(self.list_name, self.index)


def _prefix(list_name: str, index: int | None) -> str:
    return "" if index is None else f"{list_name}[{index}]."


@dataclass(frozen=True, slots=True)
class Link:
    """One dependency to add or delete, and where its faults are reported."""

    path: str
    task_id: str
    depends_on_id: str
    task_path: str = ""
    other_path: str = ""


@dataclass(slots=True)
class Batch:
    """All writes of one request, and the faults that are known already."""

    items: dict[str, list[Item]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    unlinks: list[Link] = field(default_factory=list)
    deletes: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each list, the ids to delete with their places in the request."""
    faults: list[FieldFault] = field(default_factory=list)
    skips: bool = False
    """Whether items with a fault are left out, instead of refusing all."""

    def copy(self) -> "Batch":
        """The same batch to check and to write: a transaction may be run again, from the start."""
        return replace(
            self,
            items={name: list(items) for name, items in self.items.items()},
            deletes={name: dict(keys) for name, keys in self.deletes.items()},
            faults=list(self.faults),
        )

    def fault(self, path: str, message: str) -> None:
        """Note what is wrong, and where. Raises Unprocessable when that is enough."""
        self.faults.append(FieldFault(path, message))
        if len(self.faults) >= MAX_FAULTS and not self.skips:
            refuse(self.faults)

    def leave_out(self, faults: list[FieldFault]) -> None:
        """Remove the items that these faults are about.

        Raises Unprocessable if one is about no single item: then nothing of the request is certain.
        """
        refuse(fault for fault in faults if _ITEM.match(fault.field) is None)
        bad = {found[0] for fault in faults if (found := _ITEM.match(fault.field))}
        for name, items in self.items.items():
            self.items[name] = [item for item in items if item.path.rstrip(".") not in bad]
        self.links = [link for link in self.links if link.path not in bad]
        self.unlinks = [link for link in self.unlinks if link.path not in bad]
        for name, keys in self.deletes.items():
            self.deletes[name] = {key: path for key, path in keys.items() if path not in bad}


def read_sync(body: dict[str, Any], *, skips: bool = False) -> Batch:
    """The body of `POST /sync`; `deletes` is accepted for `delete`."""
    batch = Batch(skips=skips)
    for kind in KINDS:
        found = _list(batch, body, kind.name, kind.name)
        batch.items[kind.name] = _items(batch, kind, found)
    _mark_as_synced(batch.items[PREFERENCES.name])
    batch.links = _links(batch, DEPENDENCIES, _list(batch, body, DEPENDENCIES, DEPENDENCIES))
    for name in ("delete", "deletes"):
        _read_deletes(batch, name, body.get(name))
    return batch


def _mark_as_synced(preferences: list[Item]) -> None:
    """Note what this request says of `emailDailyBrief`: only a change of it has an effect."""
    for item in preferences:
        if "email_daily_brief" in item.given:
            item.given["email_daily_brief_synced"] = item.given["email_daily_brief"]


def _read_deletes(batch: Batch, name: str, deletes: object) -> None:
    if deletes is None:
        return
    if not isinstance(deletes, dict):
        batch.fault(name, "must be an object of lists of ids")
        return
    for kind in KINDS:
        path = f"{name}.{kind.name}"
        for index, key in enumerate(_list(batch, deletes, kind.name, path)):
            try:
                batch.deletes.setdefault(kind.name, {})[_id(key)] = f"{path}[{index}]"
            except ValueError as error:
                batch.fault(f"{path}[{index}]", str(error))
    path = f"{name}.{DEPENDENCIES}"
    batch.unlinks += _links(batch, path, _list(batch, deletes, DEPENDENCIES, path))


def _id(value: object) -> str:
    id_text(value)
    return str(value)


def _list(batch: Batch, body: dict[str, Any], name: str, path: str) -> list[Any]:
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        batch.fault(path, "must be a list")
        return []
    return found


def _items(batch: Batch, kind: Kind, values: list[Any]) -> list[Item]:
    read: list[Item] = []
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        item = read_item(batch, kind, value, index)
        if item is None:
            continue
        if item.key in first:
            where = f"{item.path}{kind.key.name}"
            batch.fault(where, f"is the same as in {kind.name}[{first[item.key]}]")
            continue
        first[item.key] = index
        read.append(item)
    return read


def read_item(batch: Batch, kind: Kind, value: object, index: int | None = None) -> Item | None:
    """One item; None if it has no valid id."""
    if isinstance(value, Struct):
        value = values_of(value)
    if not isinstance(value, dict):
        batch.fault(_prefix(kind.name, index).rstrip(".") or "body", "must be an object")
        return None
    given: Values = {}
    refused: frozenset[str] = frozenset()
    for spec in kind.fields:
        if spec.name not in value:
            continue
        raw = value[spec.name]
        try:
            if raw is None and spec.required:
                raise ValueError("must not be null")
            given[spec.column] = spec.default if raw is None else spec.read(raw)
        except ValueError as error:
            refused |= {spec.column}
            batch.fault(f"{_prefix(kind.name, index)}{spec.name}", str(error))
    key = given.get(kind.key.column)
    if key is None:
        if kind.key.column not in refused:
            batch.fault(f"{_prefix(kind.name, index)}{kind.key.name}", "is required")
        return None
    return Item(kind.name, index, key, given, refused)


def read_one(kind: Kind, value: dict[str, Any], *, privileged: bool) -> Batch:
    """The body of a request for one item.

    Its faults are collected in the batch. Raises Forbidden if it sets a field that only the service
    may set, and the caller is not the service.
    """
    if not privileged:
        for spec in kind.fields:
            if spec.service_only and spec.name in value:
                raise Forbidden(f"{spec.name} can be set by the service or an admin only")
    batch = Batch()
    item = read_item(batch, kind, value)
    batch.items[kind.name] = [item] if item else []
    return batch


def _links(batch: Batch, path: str, values: list[Any]) -> list[Link]:
    read = []
    for index, value in enumerate(values):
        here = f"{path}[{index}]"
        if isinstance(value, Struct):
            value = values_of(value)
        if not isinstance(value, dict):
            batch.fault(here, "must be an object with taskId and dependsOnId")
            continue
        task, other = _end(batch, here, "taskId", value), _end(batch, here, "dependsOnId", value)
        if task is None or other is None:
            continue
        if task == other:
            batch.fault(f"{here}.dependsOnId", "a task can't wait for itself")
            continue
        read.append(Link(here, task, other, f"{here}.taskId", f"{here}.dependsOnId"))
    return read


def _end(batch: Batch, path: str, name: str, value: dict[str, Any]) -> str | None:
    try:
        return _id(value[name])
    except KeyError:
        batch.fault(f"{path}.{name}", "is required")
    except ValueError as error:
        batch.fault(f"{path}.{name}", str(error))
    return None


def refuse(faults: Iterable[FieldFault]) -> None:
    """Raises Unprocessable with the faults, if there are any: a hundred at most."""
    found = list(islice(faults, MAX_FAULTS))
    if not found:
        return
    named = [f"{fault.field}: {fault.message}" for fault in found[:MAX_FAULTS_IN_SENTENCE]]
    if len(found) > len(named):
        at_least = "at least " if len(found) >= MAX_FAULTS else ""
        named.append(f"and {at_least}{len(found) - len(named):,} more")
    raise Unprocessable("; ".join(named), details=tuple(found))
