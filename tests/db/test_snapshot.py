"""Copies and inspections of a database file (docs/spec.md#backup)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from buildos_box.db import Database, Tx
from buildos_box.db.snapshot import HeldDatabase, change_offline, inspect, reading
from tests.clock import ManualClock

PARENTS = "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT"
CHILDREN = "CREATE TABLE children (parent INTEGER REFERENCES parents (id)) STRICT"


def make_family(tx: Tx) -> None:
    for statement in (PARENTS, CHILDREN, "INSERT INTO parents VALUES (1), (2)"):
        tx.execute(statement)


def add_parent(tx: Tx) -> None:
    tx.execute("INSERT INTO parents VALUES (4)")


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    path = tmp_path / "box.sqlite3"
    db = await Database.open(path, ManualClock())
    await db.write(make_family)
    await db.close()
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_all_that_is_read_is_of_one_instant(file: Path) -> None:
    with reading(file) as db:
        assert db["parents"].count == 2
        change(file, "INSERT INTO parents VALUES (3)")
        assert db["parents"].count == 2
    with reading(file) as db:
        assert db["parents"].count == 3


def test_a_sound_file_has_no_faults_and_its_rows_are_counted(file: Path) -> None:
    found = inspect(file)
    assert (found.faults, found.counts["parents"], found.counts["children"]) == ([], 2, 0)
    assert found.schema > 0
    assert not [name for name in found.counts if name.startswith("sqlite_")]


def test_a_row_that_points_to_nothing_is_a_fault(file: Path) -> None:
    change(file, "INSERT INTO children VALUES (9)")
    assert inspect(file).faults == ["children: row 1 points to nothing in parents"]


def test_an_index_that_lacks_a_row_is_a_fault(file: Path) -> None:
    change(file, "CREATE INDEX of_parent ON children (parent)")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'of_parent'")
    change(file, "INSERT INTO children VALUES (1)")
    assert inspect(file).faults != []


def test_a_copy_is_of_one_instant_and_ends_with_its_source(file: Path, tmp_path: Path) -> None:
    held = HeldDatabase(file)
    held.copy(tmp_path / "copy.sqlite3")
    assert inspect(tmp_path / "copy.sqlite3").counts == inspect(file).counts
    held.close()
    with pytest.raises(sqlite3.ProgrammingError):
        held.copy(tmp_path / "again.sqlite3")


def test_a_change_offline_leaves_one_file(file: Path) -> None:
    change_offline(file, add_parent)
    assert inspect(file).counts["parents"] == 3
    wal = file.with_name(f"{file.name}-wal")
    assert not wal.exists() or wal.stat().st_size == 0
