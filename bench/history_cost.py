"""What the queue's history costs a busy queue: throughput, and processor time."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.our_queue import Rig
from buildos_box.app import DATABASE_FILE
from buildos_box.clock import SystemClock
from buildos_box.db import Database
from buildos_box.jobs import history_store
from buildos_box.jobs.history import roll_up

BESIDE_SECONDS = 0.75
"""How often the history is added up beside the jobs: a round takes some three seconds."""


@dataclass(frozen=True)
class Pace:
    """How fast a queue worked: jobs a second, and seconds of processor time: of the jobs, and of
    adding them to the history.
    """

    rate: float
    jobs: float
    adding: float


def pace(jobs: int) -> Pace:
    """Do so many jobs, pipelined, and then add them to the history."""

    async def work(folder: Path) -> Pace:
        async with _running(folder) as (db, rig):
            rig.expect(jobs)
            started, used = time.perf_counter(), time.process_time()
            await rig.add_pipelined(jobs)
            await rig.all_done()
            took, done = time.perf_counter() - started, time.process_time()
            await asyncio.to_thread(rig.engine.stop, timedelta(seconds=5))
            assert (await history_store.unread(db))[0] == 0, "the engine has added something up"
            stopped = time.process_time()
            await roll_up(db)
            return Pace(jobs / took, done - used, time.process_time() - stopped)

    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(work(Path(name)))


def losses(jobs: int, turns: int) -> list[float]:
    """Shares of the throughput that the history takes, of pairs of rounds by turns."""
    found = []
    _seconds(jobs, beside=True)  # the first round warms up
    for turn in range(turns):
        order = (True, False) if turn % 2 else (False, True)
        took = {beside: _seconds(jobs, beside=beside) for beside in order}
        found.append(1 - took[False] / took[True])
    return found


def _seconds(jobs: int, *, beside: bool) -> float:
    """How long so many jobs take; with all of them in the history at the end, or none."""

    async def work(folder: Path) -> float:
        async with _running(folder) as (db, rig):
            rig.expect(jobs)
            started = time.perf_counter()
            adding = asyncio.create_task(_add_up(db)) if beside else None
            await rig.add_pipelined(jobs)
            await rig.all_done()
            if adding is not None:
                adding.cancel()
                await roll_up(db)
            took = time.perf_counter() - started
            await asyncio.to_thread(rig.engine.stop, timedelta(seconds=5))
            return took

    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(work(Path(name)))


async def _add_up(db: Database) -> None:
    while True:
        await asyncio.sleep(BESIDE_SECONDS)
        await roll_up(db)


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[tuple[Database, Rig]]:
    """A queue at work; whoever uses it stops its engine."""
    db = await Database.open(folder / DATABASE_FILE, SystemClock())
    rig = Rig(db, 0.0)
    await asyncio.to_thread(rig.engine.start, None)
    yield db, rig
    await db.close()
