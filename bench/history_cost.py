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

PAIRS_OF_A_DATABASE = 6


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


def losses(jobs: int, databases: int) -> list[float]:
    """Shares of the throughput that the history takes, of pairs of rounds of so many jobs.

    In one round of a pair the jobs of the round before are added to the history meanwhile, in the
    other they have been before it begins.
    """

    async def work(folder: Path) -> list[float]:
        async with _running(folder) as (db, rig):
            await _seconds(db, rig, jobs, beside=False)  # the first round warms up
            found = []
            for pair in range(PAIRS_OF_A_DATABASE):
                order = (True, False) if pair % 2 else (False, True)
                took = {beside: await _seconds(db, rig, jobs, beside=beside) for beside in order}
                found.append(1 - took[False] / took[True])
            await asyncio.to_thread(rig.engine.stop, timedelta(seconds=5))
            return found

    found = []
    for _ in range(databases):
        with tempfile.TemporaryDirectory() as name:
            found += asyncio.run(work(Path(name)))
    return found


async def _seconds(db: Database, rig: Rig, jobs: int, *, beside: bool) -> float:
    """How long so many jobs take, while those of before are added to the history or without it."""
    if not beside:
        await roll_up(db)
    rig.expect(jobs)
    started = time.perf_counter()
    adding = asyncio.create_task(roll_up(db)) if beside else None
    await rig.add_pipelined(jobs)
    await rig.all_done()
    if adding is not None:
        await adding
    return time.perf_counter() - started


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[tuple[Database, Rig]]:
    """A queue at work; whoever uses it stops its engine."""
    db = await Database.open(folder / DATABASE_FILE, SystemClock())
    rig = Rig(db, 0.0)
    await asyncio.to_thread(rig.engine.start, None)
    yield db, rig
    await db.close()
