"""Guarded upserts and deletes of any list.

Table and column names come from `item_types`, never from a request; values are always bound.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx
from buildos_box.workspace.item_types import Kind, Values

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


ROWS_AT_ONCE = 100
"""How many rows one statement writes: after each statement the index for searching is written."""


def insert(tx: Tx, kind: Kind, values: Sequence[Values], now: Instant) -> list[Row]:
    """Insert rows of the same columns, `ROWS_AT_ONCE` at most; returns them in that order."""
    at = to_text(now)
    stamped = [
        {**one, "created_at": at, "updated_at": one.get("updated_at") or at} for one in values
    ]
    statement = _insert(kind.table, tuple(stamped[0]), len(stamped))
    return _written(tx, kind, statement, stamped)


def update(tx: Tx, kind: Kind, values: Sequence[Values], now: Instant) -> list[Row]:
    """Update the rows with the values' keys; `updated_at` is now unless given.

    All have the same columns, and are `ROWS_AT_ONCE` at most. Returns the rows in that order.
    """
    at = to_text(now)
    stamped = [{**one, "updated_at": one.get("updated_at") or at} for one in values]
    statement = _update(kind.table, kind.key.column, tuple(stamped[0]), len(stamped))
    return _written(tx, kind, statement, stamped)


def _written(tx: Tx, kind: Kind, statement: str, stamped: list[Values]) -> list[Row]:
    found = tx.all(statement, [value for one in stamped for value in one.values()])
    # RETURNING may give the rows in another order.
    by_key = {row[kind.key.column]: row for row in found}
    return [by_key[one[kind.key.column]] for one in stamped]


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


def values_of(row: Row) -> dict[str, Any]:
    """The row's values by column."""
    return dict(zip(row.keys(), row, strict=True))


@lru_cache(maxsize=64)
def _select(table: str, key: str) -> str:
    return f"SELECT * FROM {table} WHERE {key} IN (SELECT value FROM json_each(?))"  # noqa: S608


def _marks(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


@lru_cache(maxsize=64)
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    names, marks = ", ".join(columns), _marks(len(columns), rows)
    return f"INSERT INTO {table} ({names}) VALUES {marks} RETURNING *"  # noqa: S608


@lru_cache(maxsize=64)
def _update(table: str, key: str, columns: tuple[str, ...], rows: int) -> str:
    places = {column: f"given.column{n}" for n, column in enumerate(columns, start=1)}
    sets = ", ".join(f"{column} = {place}" for column, place in places.items() if column != key)
    return (
        f"UPDATE {table} SET {sets} FROM (VALUES {_marks(len(columns), rows)}) AS given"  # noqa: S608
        f" WHERE {table}.{key} = {places[key]} RETURNING *"
    )


@lru_cache(maxsize=64)
def _delete(table: str, key: str) -> str:
    return f"DELETE FROM {table} WHERE {key} = ?"  # noqa: S608
