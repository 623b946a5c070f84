"""A read that is kept until the next commit is never older than what its asker may know."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from buildos_box.db import Database
from buildos_box.db.per_commit import PerCommit
from tests.clock import ManualClock


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    yield opened
    await opened.close()


class Counting:
    """Counts rows, and how often it was asked; `gate` holds an answer back."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> int:
        self.reads += 1
        row = await self._db.one("SELECT count(*) AS n FROM queue_pauses")
        await self.gate.wait()
        assert row is not None
        return int(row["n"])


async def pause(db: Database, name: str) -> None:
    await db.write(
        lambda tx: tx.execute(
            "INSERT INTO queue_pauses (kind, name, actor, since) VALUES ('lane', ?, 'x', 'x')",
            (name,),
        )
    )


async def test_it_is_read_once_for_each_commit(db: Database) -> None:
    counting = Counting(db)
    kept = PerCommit(db, counting)
    assert [await kept(), await kept()] == [0, 0]
    assert counting.reads == 1
    await pause(db, "llm")
    assert [await kept(), await kept()] == [1, 1]
    assert counting.reads == 2


async def test_who_asks_after_a_commit_does_not_share_a_read_that_began_before_it(
    db: Database,
) -> None:
    counting = Counting(db)
    kept = PerCommit(db, counting)
    counting.gate.clear()
    early = [asyncio.create_task(kept()) for _ in range(3)]
    await asyncio.sleep(0.05)
    await pause(db, "llm")
    late = asyncio.create_task(kept())
    await asyncio.sleep(0)
    counting.gate.set()
    assert await late == 1
    assert set(await asyncio.gather(*early)) <= {0, 1}
    assert counting.reads == 2


async def test_a_caller_that_is_cancelled_or_a_read_that_failed_is_none_for_the_next(
    db: Database,
) -> None:
    answers = [ValueError("once")]

    async def read() -> int:
        if answers:
            raise answers.pop()
        return 7

    kept = PerCommit(db, read)
    with pytest.raises(ValueError, match="once"):
        await kept()
    assert await kept() == 7
    counting = Counting(db)
    held = PerCommit(db, counting)
    counting.gate.clear()
    gone, stays = asyncio.create_task(held()), asyncio.create_task(held())
    await asyncio.sleep(0.05)
    gone.cancel()
    counting.gate.set()
    assert await stays == 0
    assert counting.reads == 1
