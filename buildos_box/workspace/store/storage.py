"""How many rows and bytes each user has in the lists that grow."""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from buildos_box.db import Row, Tx
from buildos_box.workspace.item_types import KINDS, NOTES, TASKS, Kind

Size = tuple[int, int]
"""Rows and bytes."""


def add(tx: Tx, user_id: str, changes: Mapping[str, Size]) -> None:
    """So much more, or less, by list. The user must exist."""
    for name, (rows, size) in changes.items():
        tx.execute(
            """INSERT INTO user_storage (user_id, list, rows, bytes) VALUES (?, ?, ?, ?)
               ON CONFLICT (user_id, list) DO UPDATE
                  SET rows = rows + excluded.rows, bytes = bytes + excluded.bytes""",
            (user_id, name, rows, size),
        )


def of_user(tx: Tx, user_id: str) -> dict[str, Size]:
    """What the user has, by list."""
    rows = tx.all("SELECT list, rows, bytes FROM user_storage WHERE user_id = ?", (user_id,))
    return {row["list"]: (row["rows"], row["bytes"]) for row in rows}


def bytes_of(kind: Kind, row: Row) -> int:
    """The bytes of text in one row's columns."""
    return bytes_of_texts([row[column] for column in kind.columns])


def bytes_of_texts(values: Iterable[object]) -> int:
    """The bytes of those of the values that are text."""
    text = "".join([value for value in values if isinstance(value, str)])
    return len(text) if text.isascii() else len(text.encode())


def of_project(tx: Tx, project_id: str) -> dict[str, Size]:
    """What goes with a project: its tasks and notes, and the dependencies of its tasks."""
    found: dict[str, Size] = {}
    for kind in (TASKS, NOTES):
        row = tx.one(_sum_of_project(kind.name), (project_id,))
        found[kind.name] = (row["rows"], row["bytes"]) if row else (0, 0)
    row = tx.one(
        """SELECT count(*) AS rows FROM (
               SELECT d.task_id, d.depends_on_id
                 FROM tasks t JOIN task_dependencies d ON d.task_id = t.id
                WHERE t.project_id = :project
                UNION
               SELECT d.task_id, d.depends_on_id
                 FROM tasks t JOIN task_dependencies d ON d.depends_on_id = t.id
                WHERE t.project_id = :project)""",
        {"project": project_id},
    )
    found["taskDependencies"] = (row["rows"] if row else 0, 0)
    return found


def dependencies_of(tx: Tx, task_ids: Collection[str]) -> int:
    """How many dependencies go with these tasks."""
    row = tx.one(
        """WITH gone AS (SELECT value AS id FROM json_each(?))
           SELECT count(*) AS n FROM (
               SELECT d.task_id, d.depends_on_id
                 FROM gone JOIN task_dependencies d ON d.task_id = gone.id
                UNION
               SELECT d.task_id, d.depends_on_id
                 FROM gone JOIN task_dependencies d ON d.depends_on_id = gone.id)""",
        (json.dumps(sorted(task_ids)),),
    )
    return int(row["n"]) if row else 0


@lru_cache(maxsize=4)
def _sum_of_project(name: str) -> str:
    kind = next(kind for kind in KINDS if kind.name == name)
    size = " + ".join(
        f"CASE typeof({column}) WHEN 'text' THEN length(CAST({column} AS BLOB)) ELSE 0 END"
        for column in kind.columns
    )
    return (
        f"SELECT count(*) AS rows, coalesce(sum({size}), 0) AS bytes"  # noqa: S608
        f" FROM {kind.table} WHERE project_id = ?"
    )
