"""Whether a database has the schema that the migrations make, no less and no more.

A trigger or a view in a file from elsewhere is a program that would run inside this one.
"""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from buildos_box.db.migrate import known_migrations, statements
from buildos_box.db.snapshot import own_tables, reading

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.db import Index


_REPLICATION = ("_litestream_seq", "_litestream_lock")
"""Tables that Litestream adds to the databases that it copies."""


def differences(path: Path) -> list[str]:
    """What a file whose schema is of this version lacks, or has otherwise, as short sentences.

    Tables, columns and indexes of somebody's own are no difference. Raises FileNotFoundError,
    sqlite3.DatabaseError for a file that is not a database.
    """
    expected = _made_by(known_migrations()[-1].number)
    with reading(path) as found:
        return _differences(expected, found)


def foreign_objects(path: Path) -> list[str]:
    """Triggers, views, tables and indexes that no migration up to the file's schema has made.

    Empty for a schema newer than this program's, which is refused elsewhere. Raises
    FileNotFoundError, sqlite3.DatabaseError for a file that is not a database.
    """
    with reading(path) as db:
        schema = int(db.execute("PRAGMA user_version").fetchone()[0])
        if schema > known_migrations()[-1].number:
            return []
        kept = {("table", name, "") for name in _REPLICATION}
        found = _objects(db) - _objects(_made_by(schema)) - kept
    return sorted({f"{kind} {name!r}" for kind, name, _ in found})


@lru_cache(maxsize=2)
def _made_by(schema: int) -> "Database":
    """An empty database in memory that was migrated up to that number."""
    from sqlite_utils import Database

    connection = sqlite3.connect(":memory:", check_same_thread=False)
    db = Database(connection, execute_plugins=False)
    for migration in known_migrations():
        if migration.number <= schema:
            for statement in statements(migration.sql):
                db.execute(statement)
    return db


def _objects(db: "Database") -> set[tuple[str, str, str]]:
    """Type and name of each; of a trigger also its text, since one of a known name may do else."""
    return {
        (row["type"], row["name"], row["sql"] if row["type"] == "trigger" else "")
        for row in db.query("SELECT type, name, sql FROM sqlite_master")
        if not row["name"].startswith("sqlite_")
    }


def _differences(expected: "Database", found: "Database") -> list[str]:
    there = {table.name: table for table in own_tables(found)}
    lacking = []
    for table in own_tables(expected):
        if table.name not in there:
            lacking.append(f"table {table.name} is missing")
            continue
        own = there[table.name]
        lacking += [
            f"{table.name}.{name} is missing"
            if name not in own.columns_dict
            else f"{table.name}.{name} is not {kind.__name__}"
            for name, kind in table.columns_dict.items()
            if own.columns_dict.get(name) is not kind
        ]
        lacking += [
            f"index {index.name} is missing or has other columns"
            for index in table.indexes
            if _shape(index) not in map(_shape, own.indexes)
        ]
        references = {(key.column, key.other_table) for key in own.foreign_keys}
        lacking += [
            f"{table.name}.{key.column} does not refer to {key.other_table}"
            for key in table.foreign_keys
            if (key.column, key.other_table) not in references
        ]
    lacking += [
        f"trigger {name} is missing or another"
        for name, sql in expected.triggers_dict.items()
        if found.triggers_dict.get(name) != sql
    ]
    return lacking


def _shape(index: "Index") -> tuple[object, ...]:
    """What an index is, whatever others its table has."""
    return index.name, index.unique, index.partial, index.columns
