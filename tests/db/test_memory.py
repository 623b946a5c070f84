"""What the database keeps in memory after its work."""

import _sqlite3
import ctypes
import time
import weakref
from functools import partial
from pathlib import Path

from buildos_box.db import Database, Tx
from tests.clock import ManualClock

MEGABYTES = 3


def in_use() -> float:
    """What SQLite has allocated in this process, in MB."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_memory_used.restype = ctypes.c_int64
    return int(library.sqlite3_memory_used()) / 1e6


def make_pages(tx: Tx) -> None:
    tx.execute("CREATE TABLE pages (content BLOB) STRICT")
    insert = "INSERT INTO pages SELECT randomblob(4000) FROM generate"
    numbers = "WITH RECURSIVE generate (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM generate"
    tx.execute(f"{numbers} LIMIT {MEGABYTES * 250}) {insert}")


READ = "SELECT count(*) FROM pages WHERE content = x'00'"


async def test_every_page_cache_is_emptied(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    try:
        before = in_use()
        await db.write(make_pages)
        await db.shrink()
        assert in_use() < before + 0.5
        for read in (
            lambda: db.write(lambda tx: tx.one(READ)),
            lambda: db.one(READ),
            lambda: db.few(READ, ()),
            lambda: db.read_snapshot(lambda tx: tx.one(READ)),
        ):
            await read()
            assert in_use() > before + MEGABYTES - 1
            await db.shrink()
            assert in_use() < before + 0.5
    finally:
        await db.close()


async def test_a_copy_leaves_no_pages_in_memory(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    try:
        await db.write(make_pages)
        await db.shrink()
        before = in_use()
        db.copy(tmp_path / "copy.sqlite3")
        assert in_use() < before + 0.5
    finally:
        await db.close()


async def test_the_writer_keeps_nothing_of_what_it_has_done(tmp_path: Path) -> None:
    """While nothing else is written, the last transaction would stay with all that it holds."""

    class Large:
        pass

    def write(_tx: Tx, _what: Large) -> None:
        pass

    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    try:
        large = Large()
        kept = weakref.ref(large)
        await db.write(partial(write, _what=large))
        del large
        deadline = time.monotonic() + 5
        while kept() is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert kept() is None
    finally:
        await db.close()
