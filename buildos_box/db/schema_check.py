"""Whether a database file holds only what migrations have made.

A trigger or a view in a file from elsewhere is a program that would run inside this one.
"""

import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from buildos_box.db.connect import BUSY_MS
from buildos_box.db.migrate import known_migrations, statements

_OBJECTS = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_REPLICATION = ("_litestream_seq", "_litestream_lock")
"""Tables that Litestream adds to the databases that it copies."""


def foreign_objects(path: Path) -> list[str]:
    """Triggers, views, tables and indexes that no migration up to the file's schema has made.

    Empty for a schema newer than this program's, which is refused elsewhere. Raises
    sqlite3.DatabaseError for a file that is not a database.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA query_only=ON")
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        found = set(connection.execute(_OBJECTS))
    if schema > known_migrations()[-1].number:
        return []
    kept = {("table", name) for name in _REPLICATION}
    return [f"{kind} {name!r}" for kind, name in sorted(found - _made_by(schema) - kept)]


@lru_cache(maxsize=2)
def _made_by(schema: int) -> frozenset[tuple[str, str]]:
    """The objects of a database that was migrated up to that number."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for migration in known_migrations():
            if migration.number <= schema:
                for statement in statements(migration.sql):
                    connection.execute(statement)
        return frozenset(connection.execute(_OBJECTS))
