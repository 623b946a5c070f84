"""Reads beside each other, and what is still going on when the database is closed."""

import asyncio
import threading
from pathlib import Path

from buildos_box.db import Database, Tx
from tests.clock import ManualClock

MARK = 77


async def test_reads_at_once_go_to_connections_of_their_own(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    await db.all(f"PRAGMA cache_size = {MARK}")
    sizes = await asyncio.gather(*(db.all("PRAGMA cache_size") for _ in range(2)))
    await db.close()
    assert [rows[0][0] == MARK for rows in sizes] == [True, False]


async def test_closing_waits_for_what_is_being_written(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    release = threading.Event()

    def slow(_tx: Tx) -> str:
        release.wait()
        return "written"

    written = db.submit(slow)
    closing = asyncio.create_task(db.close())
    done, _ = await asyncio.wait({closing}, timeout=0.2)
    release.set()
    await closing
    assert not done
    assert written.result(timeout=0) == "written"
