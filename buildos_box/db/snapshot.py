"""Consistent copies of a database in use, and the inspection of a database file.

The rules: docs/spec.md#backup.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from buildos_box.db.connect import BUSY_MS, SHRINK
from buildos_box.db.tx import Listeners, Row, Tx

if TYPE_CHECKING:
    import sqlite_utils

PAGES_A_STEP = 1024
Progress = Callable[[int, int], None]
"""Called with the number of pages that are left and of all pages."""


def copy_database(
    source: Path, target: Path, progress: Progress | None = None, *, sync: bool = True
) -> None:
    """Copy the state of one instant, while the server goes on writing.

    It is synced to disk, unless it need not outlive the process. Raises FileNotFoundError, OSError,
    sqlite3.Error.
    """
    reading = _reader(source)
    try:
        _copy(reading, target, progress)
    finally:
        reading.close()
    if sync:
        sync_file(target)


class HeldDatabase:
    """A connection kept open only to copy from: the path may no longer lead to its file."""

    def __init__(self, path: Path) -> None:
        self._reading = _reader(path)
        self._reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._one_at_a_time = threading.Lock()

    def copy(self, target: Path, progress: Progress | None = None) -> None:
        """Copy the state of one instant into a file, which is not synced to disk."""
        with self._one_at_a_time:
            try:
                _copy(self._reading, target, progress)
            finally:
                self._reading.execute(SHRINK)

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
            writing.execute("PRAGMA synchronous=OFF")  # it is synced once, at the end, if at all
            reading.backup(
                writing,
                pages=PAGES_A_STEP,
                progress=(lambda _status, left, total: progress(left, total)) if progress else None,
            )
        finally:
            writing.close()
    finally:
        reading.execute("ROLLBACK")


def _reader(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = Row
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA query_only=ON")
    return connection


@contextmanager
def reading(path: Path) -> Iterator["sqlite_utils.Database"]:
    """The database in one read transaction: all that is read is of one instant.

    Raises FileNotFoundError, sqlite3.Error.
    """
    from sqlite_utils import Database

    with _reading(path) as connection:
        yield Database(connection, execute_plugins=False)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = _reader(path)
    try:
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def own_tables(db: "sqlite_utils.Database") -> list["sqlite_utils.db.Table"]:
    """The tables that are not SQLite's own, by name."""
    found = [table for table in db.tables if not table.name.startswith("sqlite_")]
    return sorted(found, key=lambda table: table.name)


def sync_file(path: Path) -> None:
    """Sync a file, or the names in a folder, to disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def table_names(path: Path) -> list[str]:
    """The tables that are not SQLite's own. Raises FileNotFoundError, sqlite3.DatabaseError."""
    with _reading(path) as db:
        return _own_names(db)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The contents of a database file, and its faults."""

    faults: list[str]
    schema: int
    counts: dict[str, int]


def inspect(path: Path) -> Inspection:
    """Check every page, index and reference of a file, and count the rows of every table.

    Raises FileNotFoundError, sqlite3.DatabaseError for a file that is not a database.
    """
    with _reading(path) as db:
        faults = [str(row[0]) for row in db.execute("PRAGMA integrity_check(20)")]
        faults = [] if faults == ["ok"] else faults
        faults += [
            f"{row['table']}: row {row['rowid']} points to nothing in {row['parent']}"
            for row in db.execute("PRAGMA foreign_key_check").fetchmany(20)
        ]
        schema = int(db.execute("PRAGMA user_version").fetchone()[0])
        return Inspection(faults, schema, _counts(db))


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    """The number of rows of each table."""
    quoted = {name: name.replace('"', '""') for name in _own_names(db)}
    counting = {name: f'SELECT count(*) FROM "{safe}"' for name, safe in quoted.items()}  # noqa: S608
    return {name: int(db.execute(sql).fetchone()[0]) for name, sql in counting.items()}


def _own_names(db: sqlite3.Connection) -> list[str]:
    """As `own_tables`, without loading sqlite-utils, since a nightly backup needs no more of it."""
    names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in names if not name.startswith("sqlite_")]


def newest_moment(path: Path, columns: Sequence[tuple[str, str]]) -> str | None:
    """The latest instant in these columns, each of a table, and of the migrations.

    None if a table is not there, or nothing was written. Raises FileNotFoundError,
    sqlite3.DatabaseError.
    """
    with reading(path) as db:
        if not {table for table, _ in columns} <= {table.name for table in own_tables(db)}:
            return None
        latest = [
            row["latest"]
            for table, column in [*columns, ("schema_migrations", "applied_at")]
            for row in db.table(table).rows_where(select=f"max({column}) AS latest")
        ]
        return max(filter(None, latest), default=None)


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
