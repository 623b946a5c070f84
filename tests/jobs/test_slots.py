"""With the engine at work: a free slot is refilled at once (docs/spec.md#wake-up)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from buildos_box.clock import SystemClock
from buildos_box.db import Database, Tx
from buildos_box.ids import Ids
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.crons import CronRegistry
from buildos_box.jobs.engine import Engine
from buildos_box.jobs.job_type import JobType
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.runner import Runner
from tests.jobs.conftest import LEASE, Work

PATIENCE_SECONDS = 20.0


class AtWork:
    """A database, a queue, and an engine whose threads run."""

    def __init__(self, db: Database, lanes: dict[str, int]) -> None:
        clock, ids = SystemClock(), Ids()
        self.db = db
        self.queue = Queue(
            clock=clock,
            ids=ids,
            lanes={name: Lane.of(name, slots) for name, slots in lanes.items()},
        )
        self.engine = Engine(
            db=db,
            queue=self.queue,
            clock=clock,
            ids=ids,
            runner=Runner(
                db=db,
                queue=self.queue,
                clock=clock,
                lease=LEASE,
                backoff_base=timedelta(seconds=1),
            ),
            cron_registry=CronRegistry(db, clock, []),
            workers=8,
            lease=LEASE,
            heartbeat=timedelta(seconds=15),
            name="box",
        )

    async def all_end(self) -> bool:
        """Whether all that was added ends before patience does."""
        for _ in range(round(PATIENCE_SECONDS / 0.02)):
            left = await self.db.one("SELECT 1 FROM queue_jobs WHERE completed_at IS NULL")
            if left is None:
                return True
            await asyncio.sleep(0.02)
        return False


@asynccontextmanager
async def at_work(tmp_path: Path, lanes: dict[str, int]) -> AsyncIterator[AtWork]:
    db = await Database.open(tmp_path / "box.sqlite3", SystemClock())
    work = AtWork(db, lanes)
    try:
        yield work
    finally:
        await asyncio.to_thread(work.engine.stop, timedelta(seconds=1))
        await db.close()


def put(work: AtWork, *jobs: tuple[JobType[Work], str]) -> Callable[[Tx], None]:
    def add(tx: Tx) -> None:
        for job_type, name in jobs:
            work.queue.enqueue(tx, job_type, Work(name=name), user_id=None)

    return add


async def test_slots_that_two_free_in_one_turn_by_different_ways_are_both_refilled(
    tmp_path: Path,
) -> None:
    """One ends inside its own transaction, the other by returning."""
    async with at_work(tmp_path, {"default": 1, "llm": 1}) as work:

        async def run(job: Attempt[Work], _box: Any) -> None:
            await job.progress(10, "begun")
            if job.payload.name == "finishes":
                await work.db.write(lambda tx: job.finish(tx, "done"))
            else:
                await job.progress(90, "nearly")

        one = JobType(name="one", payload=Work, run=run, lane="default")
        two = JobType(name="two", payload=Work, run=run, lane="llm")
        work.queue.register([one, two])
        await asyncio.to_thread(work.engine.start, None)
        for _ in range(5):
            await work.db.write(put(work, (one, "finishes"), (two, "returns"), (two, "waits")))
            assert await work.all_end()


async def test_a_job_that_joins_a_commit_behind_the_claim_starts_at_once(tmp_path: Path) -> None:
    async with at_work(tmp_path, {"default": 4}) as work:
        ran = threading.Event()

        async def run(_job: Attempt[Work], _box: Any) -> None:
            ran.set()

        job_type = JobType(name="t", payload=Work, run=run)
        work.queue.register([job_type])
        await asyncio.to_thread(work.engine.start, None)
        later = SystemClock().now() + timedelta(hours=1)
        submitted: list[Any] = []

        def first(tx: Tx) -> None:
            work.queue.enqueue(tx, job_type, Work(name="first"), user_id=None, scheduled_for=later)
            # By now the claim is on its way; what another thread adds here comes behind it.
            second = put(work, (job_type, "second"))
            tx.before_commit(lambda: submitted.append(work.db.submit(second)))

        await work.db.write(first)
        assert await asyncio.to_thread(ran.wait, PATIENCE_SECONDS)


async def test_crons_have_a_thread_beside_those_of_all_jobs(tmp_path: Path) -> None:
    async with at_work(tmp_path, {"default": 1}) as work:
        await asyncio.to_thread(work.engine.start, None)
        assert work.engine.consumer.workers == 9  # eight jobs may run at once
