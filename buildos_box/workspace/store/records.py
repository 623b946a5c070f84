"""Guarded upserts and deletes of any list.

Table and column names come from `item_types`, never from a request; values are always bound.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from buildos_box.db import Row, Tx
from buildos_box.workspace.item_types import Kind

OWNERS = {
    "users": "SELECT id, id AS owner FROM users WHERE id IN (SELECT value FROM json_each(?))",
    "projects": """SELECT id, user_id AS owner FROM projects
                    WHERE id IN (SELECT value FROM json_each(?))""",
    "tasks": """SELECT t.id, p.user_id AS owner FROM tasks t JOIN projects p ON p.id = t.project_id
                 WHERE t.id IN (SELECT value FROM json_each(?))""",
}


def owners(tx: Tx, kind_name: str, ids: Iterable[str]) -> dict[str, str]:
    """The users that these users, projects or tasks belong to, by id; missing ones are left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {row["id"]: row["owner"] for row in tx.all(OWNERS[kind_name], (json.dumps(wanted),))}


def rows(tx: Tx, kind: Kind, keys: Collection[str]) -> dict[str, Row]:
    """The rows with those keys, by key."""
    if not keys:
        return {}
    found = tx.all(_select(kind.table, kind.key.column), (json.dumps(sorted(keys)),))
    return {row[kind.key.column]: row for row in found}


def stored(tx: Tx, kind: Kind, keys: Collection[str]) -> dict[str, Row]:
    """The same with the values of the list's columns only, in their order."""
    if not keys:
        return {}
    columns = ", ".join(kind.columns)
    found = tx.all(_select(kind.table, kind.key.column, columns), (json.dumps(sorted(keys)),))
    return {row[kind.key.column]: row for row in found}


ROWS_AT_ONCE = (200, 50, 10, 1)
"""How many rows one statement writes: after each statement the index for searching is written.

Of other numbers there are none, so that there are few statements and they stay prepared.
"""


def at_once(rows: int) -> Iterator[slice]:
    """The parts of so many rows that `insert` and `update` take."""
    start = 0
    for size in ROWS_AT_ONCE:
        while rows - start >= size:
            yield slice(start, start + size)
            start += size


def insert(tx: Tx, kind: Kind, columns: tuple[str, ...], values: Sequence[Sequence[Any]]) -> None:
    """Insert as many rows as one of `ROWS_AT_ONCE`, of these columns."""
    tx.execute(_insert(kind.table, columns, len(values)), list(chain.from_iterable(values)))


def update(tx: Tx, kind: Kind, columns: tuple[str, ...], values: Sequence[Sequence[Any]]) -> None:
    """Update as many rows as one of `ROWS_AT_ONCE`; the first of the columns is the key."""
    statement = _update(kind.table, columns, len(values))
    tx.execute(statement, list(chain.from_iterable(values)))


def delete(tx: Tx, kind: Kind, key: str) -> bool:
    """Delete the row and what belongs to it; False if there is none."""
    return tx.execute(_delete(kind.table, kind.key.column), (key,)).rowcount == 1


def add_dependency(tx: Tx, task_id: str, depends_on_id: str) -> bool:
    """Make one task depend on another; False if it does already."""
    return (
        tx.execute(
            "INSERT OR IGNORE INTO task_dependencies (task_id, depends_on_id) VALUES (?, ?)",
            (task_id, depends_on_id),
        ).rowcount
        == 1
    )


def drop_dependency(tx: Tx, task_id: str, depends_on_id: str) -> bool:
    """Remove a dependency; False if there is none."""
    return (
        tx.execute(
            "DELETE FROM task_dependencies WHERE task_id = ? AND depends_on_id = ?",
            (task_id, depends_on_id),
        ).rowcount
        == 1
    )


def known_dependencies(tx: Tx, edges: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the dependencies that are stored already."""
    found = tx.all(
        """SELECT d.task_id, d.depends_on_id
             FROM json_each(?) e JOIN task_dependencies d
               ON d.task_id = json_extract(e.value, '$[0]')
              AND d.depends_on_id = json_extract(e.value, '$[1]')""",
        (json.dumps(list(edges)),),
    )
    return [(row["task_id"], row["depends_on_id"]) for row in found]


def dependencies_from(tx: Tx, task_ids: Iterable[str], most: int) -> list[tuple[str, str]] | None:
    """What those tasks wait for, and what that waits for, and so on; None if more than `most`."""
    found = tx.all(
        """WITH RECURSIVE reached (id) AS (
               SELECT value FROM json_each(:ids)
               UNION
               SELECT d.depends_on_id FROM reached r JOIN task_dependencies d ON d.task_id = r.id
                LIMIT :most)
           SELECT d.task_id, d.depends_on_id
             FROM reached r JOIN task_dependencies d ON d.task_id = r.id LIMIT :most""",
        {"ids": json.dumps(sorted(set(task_ids))), "most": most + 1},
    )
    if len(found) > most:
        return None
    return [(row["task_id"], row["depends_on_id"]) for row in found]


def dependencies_of_task(tx: Tx, task_id: str) -> set[str]:
    """The tasks that this one depends on."""
    found = tx.all("SELECT depends_on_id FROM task_dependencies WHERE task_id = ?", (task_id,))
    return {row["depends_on_id"] for row in found}


@lru_cache(maxsize=64)
def _select(table: str, key: str, columns: str = "*") -> str:
    return f"SELECT {columns} FROM {table} WHERE {key} IN (SELECT value FROM json_each(?))"  # noqa: S608


def _marks(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


@lru_cache(maxsize=64)
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    names, marks = ", ".join(columns), _marks(len(columns), rows)
    return f"INSERT INTO {table} ({names}) VALUES {marks}"  # noqa: S608


@lru_cache(maxsize=64)
def _update(table: str, columns: tuple[str, ...], rows: int) -> str:
    key, *others = columns
    if rows == 1:
        sets = ", ".join(f"{column} = ?{n}" for n, column in enumerate(others, start=2))
        return f"UPDATE {table} SET {sets} WHERE {key} = ?1"  # noqa: S608
    sets = ", ".join(f"{column} = given.column{n}" for n, column in enumerate(others, start=2))
    return (
        f"UPDATE {table} SET {sets} FROM (VALUES {_marks(len(columns), rows)}) AS given"  # noqa: S608
        f" WHERE {table}.{key} = given.column1"
    )


@lru_cache(maxsize=64)
def _delete(table: str, key: str) -> str:
    return f"DELETE FROM {table} WHERE {key} = ?"  # noqa: S608
