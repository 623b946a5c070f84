"""Consistent copies of a database in use, and the inspection of a database file.

The rules: docs/spec.md#backup.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildos_box.db.connect import BUSY_MS
from buildos_box.db.tx import Listeners, Row, Tx

PAGES_A_STEP = 1024
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
)
Progress = Callable[[int, int], None]
"""Called with the number of pages that are left and of all pages."""


def copy_database(source: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy the state of one instant, synced to disk, while the server goes on writing.

    Raises FileNotFoundError, OSError, sqlite3.Error.
    """
    reading = _reader(source)
    try:
        _copy(reading, target, progress)
    finally:
        reading.close()


class HeldDatabase:
    """A connection kept open only to copy from: the path may no longer lead to its file."""

    def __init__(self, path: Path) -> None:
        self._reading = _reader(path)
        self._reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._one_at_a_time = threading.Lock()

    def copy(self, target: Path, progress: Progress | None = None) -> None:
        """Copy the state of one instant into a file, synced to disk."""
        with self._one_at_a_time:
            _copy(self._reading, target, progress)

    def close(self) -> None:
        """Close it; a copy that is being made is finished first."""
        with self._one_at_a_time:
            self._reading.close()


def _copy(reading: sqlite3.Connection, target: Path, progress: Progress | None) -> None:
    """An open read transaction holds the instant that is copied.

    Without it SQLite starts the copy anew after every commit of another connection, and under
    load it would never end.
    """
    reading.execute("BEGIN")
    try:
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        writing = sqlite3.connect(target)
        try:
            writing.execute("PRAGMA synchronous=OFF")  # it is synced once, below
            reading.backup(
                writing,
                pages=PAGES_A_STEP,
                progress=(lambda _status, left, total: progress(left, total)) if progress else None,
            )
        finally:
            writing.close()
    finally:
        reading.execute("ROLLBACK")
    sync_file(target)


def _reader(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = Row
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA query_only=ON")
    return connection


def sync_file(path: Path) -> None:
    """Sync a file, or the names in a folder, to disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The contents of a database file, and its faults."""

    faults: list[str]
    schema: int
    counts: dict[str, int]


def inspect(path: Path) -> Inspection:
    """Check every page, index and reference of a file, and count the rows of every table.

    Raises sqlite3.DatabaseError for a file that is not a database.
    """
    connection = _reader(path)
    try:
        faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
        faults = [] if faults == ["ok"] else faults
        faults += [
            f"{row['table']}: row {row['rowid']} points to nothing in {row['parent']}"
            for row in connection.execute("PRAGMA foreign_key_check").fetchmany(20)
        ]
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        return Inspection(faults, schema, _counts(connection))
    finally:
        connection.close()


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute(_TABLES).fetchall()
    quoted = [str(row["name"]).replace('"', '""') for row in names]
    return {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
        for name in quoted
    }


def newest_moment(path: Path, columns: Sequence[tuple[str, str]]) -> str | None:
    """The latest instant in these columns, each of a table, and of the migrations.

    None if a table is not there, or nothing was written.
    """
    connection = _reader(path)
    try:
        names = [str(r["name"]).replace('"', '""') for r in connection.execute(_TABLES).fetchall()]
        if not {table for table, _ in columns} <= set(names):
            return None
        all_columns = [*columns, ("schema_migrations", "applied_at")]
        latest = [f'SELECT max("{column}") AS at FROM "{table}"' for table, column in all_columns]  # noqa: S608 (our own names)
        row = connection.execute(
            f"SELECT max(at) AS at FROM ({' UNION ALL '.join(latest)})"  # noqa: S608
        ).fetchone()
        return str(row["at"]) if row["at"] else None
    finally:
        connection.close()


def change_offline(path: Path, run: Callable[[Tx], None]) -> None:
    """Run one transaction on a file that no process serves, without leaving a WAL file."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = Row
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        run(Tx(connection, Listeners()))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
