"""This queue, whole: real file at synchronous=FULL, real engine, real enqueue to complete.

`python -m bench.our_queue` prints the figures of one round.
"""

import argparse
import asyncio
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop

from bench.measure import latency_ms, rss_mb, tell
from bench.sqlite_baseline import USERS, shape
from buildos_box import gc_tuning
from buildos_box.clock import SystemClock
from buildos_box.db import Database, Tx
from buildos_box.ids import Ids
from buildos_box.jobs.crons import CronRegistry
from buildos_box.jobs.engine import Engine
from buildos_box.jobs.job_type import Enqueued, JobType, Payload
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.runner import Runner

WORKERS = 16
THREADS = 16
CALLERS = 64
UNACKNOWLEDGED = 1000
LEASE = timedelta(seconds=60)
UNFINISHED = "SELECT 1 FROM queue_jobs WHERE completed_at IS NULL LIMIT 1"


class Number(Payload, frozen=True):
    """What a job of the bench is about."""

    n: int


class Rig:
    """A queue on a file of its own, with a job type that sleeps `io` seconds."""

    def __init__(self, db: Database, io: float) -> None:
        self.db = db
        self._io = io
        self._left = 0
        self._all_ran = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        clock, ids = SystemClock(), Ids()
        lanes = {"default": Lane.of("default", WORKERS, WORKERS)}
        self.queue = Queue(clock=clock, ids=ids, lanes=lanes)
        self.job_type = JobType(name="bench", payload=Number, run=self._handle)
        self.queue.register([self.job_type])
        runner = Runner(
            db=db, queue=self.queue, clock=clock, lease=LEASE, backoff_base=timedelta(seconds=1)
        )
        self.engine = Engine(
            db=db,
            queue=self.queue,
            clock=clock,
            ids=ids,
            runner=runner,
            cron_registry=CronRegistry(db, clock, []),
            workers=WORKERS,
            lease=LEASE,
            heartbeat=timedelta(seconds=15),
            name="bench",
        )

    async def _handle(self, _job: Any, _services: Any) -> None:
        if self._io:
            await asyncio.sleep(self._io)
        self._left -= 1
        if self._left == 0:
            self._loop.call_soon_threadsafe(self._all_ran.set)

    def enqueue(self, n: int) -> Callable[[Tx], Enqueued]:
        """One enqueue as a transaction of its own."""
        return lambda tx: self.queue.enqueue(
            tx, self.job_type, Number(n=n), user_id=f"user-{n % USERS}"
        )

    def expect(self, jobs: int) -> None:
        """So many jobs will run from here on."""
        self._left = jobs
        self._all_ran.clear()

    async def all_done(self) -> None:
        """Wait until every expected job is completed and durable.

        It asks the writer, who keeps the order: once the last job has run, its outcome is at most
        a moment behind, so that the answer to the second question at the latest comes with its
        commit. Whoever sleeps between the questions measures the sleep.
        """
        await self._all_ran.wait()
        while await self.db.write(lambda tx: tx.one(UNFINISHED)) is not None:
            pass

    async def add_pipelined(self, jobs: int) -> None:
        """One producer that lets many enqueues be on their way; each is acknowledged."""
        await asyncio.to_thread(self._pipelined, jobs)

    def _pipelined(self, jobs: int) -> None:
        waiting: deque[Future[Enqueued]] = deque()
        for n in range(jobs):
            waiting.append(self.db.submit(self.enqueue(n)))
            if len(waiting) >= UNACKNOWLEDGED:
                waiting.popleft().result()
        for future in waiting:
            future.result()

    async def add_awaited(self, jobs: int, callers: int) -> None:
        """So many callers, each of which awaits every enqueue, as the API's handlers do."""

        async def one_by_one(numbers: range) -> None:
            for n in numbers:
                await self.db.write(self.enqueue(n))

        await asyncio.gather(*(one_by_one(share) for share in _shares(jobs, callers)))

    async def add_from_threads(self, jobs: int, threads: int) -> None:
        """So many threads, each of which is blocked until every enqueue is durable."""

        def one_by_one(numbers: range) -> None:
            for n in numbers:
                self.db.write_blocking(self.enqueue(n))

        with ThreadPoolExecutor(threads) as pool:
            loop = asyncio.get_running_loop()
            await asyncio.gather(
                *(loop.run_in_executor(pool, one_by_one, share) for share in _shares(jobs, threads))
            )


def _shares(jobs: int, callers: int) -> list[range]:
    return [range(start, jobs, callers) for start in range(callers)]


async def _rate(jobs: int, work: Any) -> float:
    started = time.perf_counter()
    await work
    return jobs / (time.perf_counter() - started)


async def _end_to_end(rig: Rig, jobs: int, adding: Any) -> float:
    rig.expect(jobs)
    started = time.perf_counter()
    await adding
    await rig.all_done()
    return jobs / (time.perf_counter() - started)


async def _idle_latency(rig: Rig, samples: int) -> list[float]:
    """Seconds from the call that adds a job to its being durably completed, one at a time."""
    found = []
    for n in range(samples):
        rig.expect(1)
        started = time.perf_counter()
        await rig.db.write(rig.enqueue(n))
        await rig.all_done()
        found.append(time.perf_counter() - started)
        await asyncio.sleep(0.003)  # so that the engine is at rest again
    return found


async def measure(folder: Path, *, jobs: int, io: float, samples: int) -> dict[str, Any]:
    """One round: enqueue alone, drain, end to end, latency when idle, memory."""
    db = await Database.open(folder / "bench.sqlite3", SystemClock())
    rig = Rig(db, io)
    gc_tuning.freeze_after_start()
    try:
        figures = await _phases(rig, jobs, samples)
    finally:
        await asyncio.to_thread(rig.engine.stop, timedelta(seconds=5))
        await db.close()
    return {**figures, "shape": shape(db.path)}


async def _phases(rig: Rig, jobs: int, samples: int) -> dict[str, Any]:
    figures: dict[str, Any] = {"rss_idle_mb": rss_mb()}
    alone = max(50, jobs // 10)
    rig.expect(alone + 3 * jobs)
    figures["enqueue_alone"] = await _rate(alone, rig.add_from_threads(alone, 1))
    figures["enqueue"] = await _rate(jobs, rig.add_awaited(jobs, CALLERS))
    figures["enqueue_threads"] = await _rate(jobs, rig.add_from_threads(jobs, THREADS))
    figures["enqueue_pipelined"] = await _rate(jobs, rig.add_pipelined(jobs))
    await asyncio.to_thread(rig.engine.start, None)
    figures["drain"] = await _rate(alone + 3 * jobs, rig.all_done())
    figures["jobs"] = await _end_to_end(rig, jobs, rig.add_awaited(jobs, CALLERS))
    figures["jobs_threads"] = await _end_to_end(rig, jobs, rig.add_from_threads(jobs, THREADS))
    commits = rig.db.commits
    figures["jobs_pipelined"] = await _end_to_end(rig, jobs, rig.add_pipelined(jobs))
    figures["jobs_per_commit"] = jobs / (rig.db.commits - commits)
    figures.update(latency_ms(await _idle_latency(rig, samples)))
    figures["rss_mb"] = rss_mb()
    return figures


def main() -> None:
    """One round, told as a line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--io", type=float, default=0.0, help="seconds each job sleeps")
    parser.add_argument("--samples", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(
            uvloop.run(
                measure(Path(folder), jobs=options.jobs, io=options.io, samples=options.samples)
            )
        )


if __name__ == "__main__":
    main()
