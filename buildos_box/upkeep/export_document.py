"""The document of a user's data, written row by row, so that its length takes no memory.

The rules: docs/spec.md#person-erasure.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from typing import IO, Any

import msgspec

from buildos_box.upkeep.user_data_store import NOT_EXPORTED, SECRET_COLUMNS, SECRET_URLS, UserData
from buildos_box.url_masking import masked_url
from buildos_box.workspace import fields
from buildos_box.workspace.fields import Field
from buildos_box.workspace.item_types import DEPENDENCIES, KINDS, TASKS

CHUNK = 256 * 1024
"""How many bytes are gathered before they are written."""
Converts = dict[int, Callable[[Any], Any]]
"""What makes the shown value of a stored one, by the column's place, where they differ."""
_DEPENDENCIES_TABLE = "task_dependencies"
_LISTS = {kind.table for kind in KINDS} | {_DEPENDENCIES_TABLE}
_ENCODER = msgspec.json.Encoder()


def write_document(path: Path, user_id: str, at: str, target: IO[bytes]) -> bool:
    """Write all data of one user, as of one instant; False if there is no such user.

    `at` is what it says of that instant. It blocks: call it in a thread. Raises OSError,
    sqlite3.Error.
    """
    with UserData.reading(path, user_id) as data:
        if not data.is_there:
            return False
        out = _Out(target)
        out.add(b'{"exportedAt":%b,"userId":%b' % (_text(at), _text(user_id)))
        for name, rows in _lists(data):
            out.add_list(b",%b:[" % _text(name), rows)
        out.add(b',"records":{')
        separator = b""
        for table in sorted(data.tables - NOT_EXPORTED - _LISTS):
            if out.add_list(separator + b"%b:[" % _text(table), _records(data, table), empty=False):
                separator = b","
        out.add(b"}}")
        out.write()
    return True


class _Out:
    """Gathers what is written, in whole chunks."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._gathered = bytearray()

    def add(self, content: bytes) -> None:
        self._gathered += content

    def add_list(
        self, beginning: bytes, rows: Iterable[msgspec.Struct], *, empty: bool = True
    ) -> bool:
        """Add a list after its beginning; one without rows only if `empty`.

        Returns whether it has any row.
        """
        gathered, encode_into = self._gathered, _ENCODER.encode_into
        before = beginning
        for row in rows:
            gathered += before
            before = b","
            encode_into(row, gathered, -1)
            if len(gathered) > CHUNK:
                self.write()
        has_rows = before is not beginning
        if has_rows or empty:
            gathered += b"]" if has_rows else beginning + b"]"
        return has_rows

    def write(self) -> None:
        """Write what was gathered."""
        self._target.write(self._gathered)
        self._gathered.clear()


def _text(text: str) -> bytes:
    return _ENCODER.encode(text)


def _lists(data: UserData) -> Iterator[tuple[str, Iterator[msgspec.Struct]]]:
    """The lists in the form of `POST /sync`, without fields that have no value."""
    for kind in KINDS:
        converts = {n: one for n, field in enumerate(kind.fields) if (one := _shown(field))}
        columns = tuple(field.column for field in kind.fields)
        names = tuple(field.name for field in kind.fields)
        yield kind.name, _structs(data, kind.table, columns, names, converts, nulls=False)
        if kind is TASKS:
            columns, names = ("task_id", "depends_on_id"), ("taskId", "dependsOnId")
            table = _DEPENDENCIES_TABLE
            yield DEPENDENCIES, _structs(data, table, columns, names, {}, nulls=False)


def _shown(field: Field) -> Callable[[Any], Any] | None:
    if field.read is fields.week_days:
        return lambda stored: msgspec.json.decode(stored) if stored else None
    return bool if field.read is fields.flag else None


def _records(data: UserData, table: str) -> Iterator[msgspec.Struct]:
    """A table's rows as they are stored, without secrets."""
    columns = tuple(name for name in data.columns(table) if name not in SECRET_COLUMNS)
    address = SECRET_URLS.get(table)
    converts: Converts = {columns.index(address): masked_url} if address else {}
    return _structs(data, table, columns, columns, converts, nulls=True)


def _structs(
    data: UserData,
    table: str,
    columns: tuple[str, ...],
    names: tuple[str, ...],
    converts: Converts,
    *,
    nulls: bool,
) -> Iterator[msgspec.Struct]:
    rows: Iterable[Iterable[Any]] = data.rows(table, columns)
    if converts:
        rows = (_converted(row, converts) for row in rows)
    return starmap(_struct_of(names, nulls), rows)


def _converted(row: Iterable[Any], converts: Converts) -> list[Any]:
    values = list(row)
    for place, convert in converts.items():
        values[place] = convert(values[place])
    return values


@lru_cache(maxsize=128)
def _struct_of(names: tuple[str, ...], nulls: bool) -> Callable[..., msgspec.Struct]:
    """A struct with those names in JSON, which is built and encoded faster than a dictionary."""
    return msgspec.defstruct(
        "Row",
        [(f"column{n}", Any, None) for n in range(len(names))],
        rename={f"column{n}": name for n, name in enumerate(names)},
        omit_defaults=not nulls,
        gc=False,
    )
