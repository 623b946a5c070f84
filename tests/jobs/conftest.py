"""A queue over a real file, driven by hand: claim, run, look."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.db import Database, Tx
from buildos_box.ids import Ids
from buildos_box.jobs import claims, job_query_store
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.changes import JobWaits
from buildos_box.jobs.claims import Claimed, Claims
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.rescuer import recover_lost
from buildos_box.jobs.runner import Runner
from tests.clock import ManualClock

LEASE = timedelta(seconds=60)


class Work(Payload, frozen=True):
    name: str = "work"
    key: str | None = None
    extra: str | None = None


@dataclass
class QueueWorld:
    """What a test of the queue needs: put work in, run it, look at the job store."""

    db: Database
    clock: ManualClock
    queue: Queue
    runner: Runner
    workers: int = 16
    ran: list[str] = field(default_factory=list)
    others: FairShareCache = field(default_factory=FairShareCache)
    behaviour: Callable[[Attempt[Work]], Awaitable[Any]] | None = None

    async def run_work(self, job: Attempt[Work], _box: Any) -> Any:
        self.ran.append(job.payload.name)
        return await self.behaviour(job) if self.behaviour else None

    def job_type(self, name: str, **options: Any) -> JobType[Work]:
        job_type = JobType(name=name, payload=Work, run=self.run_work, **options)
        self.queue.register([job_type])
        return job_type

    async def add(self, job_type: JobType[Work], name: str = "work", **options: Any) -> str:
        key, extra = options.pop("key", None), options.pop("extra", None)
        enqueued = await self.db.write(
            lambda tx: self.queue.enqueue(
                tx,
                job_type,
                Work(name=name, key=key, extra=extra),
                user_id=options.pop("user_id", None),
                **options,
            )
        )
        return enqueued.job_id

    async def claim(self) -> Claimed | None:
        found = await self.claim_many(1)
        return found[0] if found else None

    async def claim_many(self, at_most: int) -> list[Claimed]:
        return (await self.db.write(lambda tx: self.claim_one(tx, at_most))).jobs

    def claim_one(self, tx: Tx, at_most: int = 1) -> Claims:
        """A claim as a transaction."""
        return claims.claim(
            tx,
            lanes=self.queue.lanes,
            workers=self.workers,
            lease=LEASE,
            new_token=Ids().secret,
            worker="test",
            now=self.clock.now(),
            at_most=at_most,
            others=self.others,
        )

    async def run_one(self) -> Claimed | None:
        claimed = await self.claim()
        if claimed is not None:
            await self.runner.run(claimed, None)
            await self.settle()
        return claimed

    async def run_all(self) -> None:
        while await self.run_one():
            pass

    async def settle(self) -> None:
        """Wait until every write submitted so far is durable."""
        await self.db.write(lambda tx: None)

    async def job(self, job_id: str) -> Any:
        return await job_query_store.job_named(self.db, job_id)

    async def status(self, job_id: str) -> str:
        return (await self.job(job_id))["status"]

    async def events(self, job_id: str) -> list[tuple[str | None, str]]:
        row = await self.job(job_id)
        return [
            (e["from_status"], e["to_status"])
            for e in await job_query_store.events_of(self.db, row["id"])
        ]

    async def attempts(self, job_id: str) -> list[str]:
        row = await self.job(job_id)
        return [a["outcome"] for a in await job_query_store.attempts_of(self.db, row["id"])]

    async def recover(self, *, all_leases: bool = False) -> None:
        now = self.clock.now()
        await self.db.write(
            lambda tx: recover_lost(
                tx,
                now=now,
                all_leases=all_leases,
                base=timedelta(seconds=1),
                entry_of=self.runner.entry_of,
            )
        )


@asynccontextmanager
async def open_queue(folder: Path) -> AsyncIterator[QueueWorld]:
    """A queue with three lanes over a database in that folder."""
    clock = ManualClock()
    db = await Database.open(folder / "box.sqlite3", clock)
    lanes = {
        "default": Lane.of("default", 8),
        "llm": Lane.of("llm", 4),
        "email": Lane.of("email", 2, 1),
    }
    queue = Queue(clock=clock, ids=Ids(), lanes=lanes)
    runner = Runner(
        db=db,
        queue=queue,
        clock=clock,
        lease=LEASE,
        backoff_base=timedelta(seconds=1),
        jitter=lambda: 0.0,
    )
    loop = asyncio.get_running_loop()

    def cancel(row_id: int, token: str) -> None:
        loop.call_soon_threadsafe(runner.cancel_attempt, row_id, token)

    queue.on_cancel(cancel)
    found = QueueWorld(db, clock, queue, runner)
    db.subscribe(JobWaits, found.others.on_job_waits)
    try:
        yield found
    finally:
        await db.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[QueueWorld]:
    async with open_queue(tmp_path) as world:
        yield world
