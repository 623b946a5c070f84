"""What happens to a database's files under an open process, as others have reported it.

Each sample names where its kind was reported, as project and number.
"""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from buildos_box.db import Database, Holder, InstanceLock
from buildos_box.db.file_identity import FileIdentity
from buildos_box.db.writer import DatabaseGone
from tests.clock import ManualClock

NAME = "box.sqlite3"


def delete(folder: Path) -> None:
    (folder / NAME).unlink()


def delete_all(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def delete_log(folder: Path) -> None:
    (folder / f"{NAME}-wal").unlink()


def move(folder: Path) -> None:
    (folder / NAME).rename(folder / "elsewhere.sqlite3")


def move_folder(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def replace_by_copy(folder: Path) -> None:
    shutil.copy(folder / NAME, folder / "copy")
    (folder / "copy").replace(folder / NAME)


def replace_by_empty(folder: Path) -> None:
    (folder / NAME).unlink()
    sqlite3.connect(folder / NAME).close()
    (folder / NAME).touch()


HAPPENED: list[tuple[str, Callable[[Path], None], str]] = [
    ("WiseLibs/better-sqlite3 1237", delete, "deleted or moved"),
    ("WiseLibs/better-sqlite3 1237", delete_all, "deleted or moved"),
    ("holon-run/holon 2850", delete_log, "box.sqlite3-wal was deleted or moved"),
    ("NousResearch/hermes-agent 97329", delete_log, "box.sqlite3-wal was deleted or moved"),
    ("JuliusBrussee/caveman 1008", move, "deleted or moved"),
    ("get-bb/bb 2190", replace_by_copy, "replaced by another file"),
    ("DeusData/codebase-memory-mcp 897", replace_by_copy, "replaced by another file"),
    ("Siversoul/VocabularyTrial 1", replace_by_empty, "replaced by another file"),
    ("our own", move_folder, "deleted or moved"),
]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    folder = tmp_path / "data"
    folder.mkdir()
    database = await Database.open(folder / NAME, ManualClock())
    await database.write(lambda tx: tx.execute("CREATE TABLE things (name TEXT)"))
    await database.write(lambda tx: tx.execute("INSERT INTO things VALUES ('kept')"))
    yield database
    await database.close()


@pytest.mark.parametrize(("source", "happens", "said"), HAPPENED)
async def test_nothing_is_written_to_a_file_that_nobody_finds_again(
    db: Database, tmp_path: Path, source: str, happens: Callable[[Path], None], said: str
) -> None:
    assert db.gone is None
    happens(tmp_path / "data")
    assert db.gone is not None, source
    with pytest.raises(DatabaseGone) as refused:
        await db.write(lambda tx: tx.execute("INSERT INTO things VALUES ('lost')"))
    assert said in refused.value.message
    assert "backup --from-server" in refused.value.message
    with pytest.raises(DatabaseGone):
        await db.read(lambda tx: tx.all("SELECT * FROM things"))
    assert [row["name"] for row in await db.all("SELECT * FROM things")] == ["kept"]
    db.copy(tmp_path / "saved.sqlite3")
    with sqlite3.connect(tmp_path / "saved.sqlite3") as saved:
        assert saved.execute("SELECT * FROM things").fetchall() == [("kept",)]


async def test_once_the_same_file_is_back_it_goes_on(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "data" / NAME
    path.rename(tmp_path / "aside")
    with pytest.raises(DatabaseGone):
        await db.write(lambda tx: tx.execute("INSERT INTO things VALUES ('lost')"))
    assert not path.exists(), "nothing made a new file in its place"
    (tmp_path / "aside").rename(path)
    await db.write(lambda tx: tx.execute("INSERT INTO things VALUES ('more')"))
    rows = await db.read(lambda tx: tx.all("SELECT * FROM things"))
    assert [row["name"] for row in rows] == ["kept", "more"]


async def test_other_processes_can_compare_the_file(db: Database, tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "data")
    assert Holder.of(tmp_path / "data") is None
    lock.acquire()
    lock.note_file(db.file)
    holder = Holder.of(tmp_path / "data")
    assert holder is not None
    assert holder.file == FileIdentity.of(tmp_path / "data" / NAME) == db.file
    lock.release()
    assert Holder.of(tmp_path / "data") is None


@pytest.mark.parametrize("text", ["", "12", "a:b", "1:", ":2", "1:2:3", "-1:2"])
def test_what_is_no_identity_is_none(text: str) -> None:
    assert FileIdentity.parse(text) is None
