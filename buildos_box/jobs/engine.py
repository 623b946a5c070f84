"""Huey's consumer, embedded, which runs claims of the job store (docs/spec.md#job-store)."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, TypeVar

import uvloop
from huey.api import Huey
from huey.consumer import Consumer, Scheduler

from buildos_box.clock import Clock
from buildos_box.db import Database, StorageError
from buildos_box.ids import Ids
from buildos_box.jobs import claims
from buildos_box.jobs.changes import JobWaits
from buildos_box.jobs.claims import Claims
from buildos_box.jobs.crons import CronRegistry
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.history import roll_up
from buildos_box.jobs.huey_storage import ClaimStorage, JsonSerializer, claim_named_in
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.rescuer import recover_lost
from buildos_box.jobs.runner import Runner
from buildos_box.log import logger

T = TypeVar("T")
RECOVER_EVERY = timedelta(seconds=30)
CHECK_WORKERS_EVERY_SECONDS = 5.0
ROLL_UP_EVERY_SECONDS = 10.0
STOP_AT_LAST_SECONDS = 10.0
log = logger(__name__)


class BoxHuey(Huey):  # type: ignore[misc]
    """Huey on top of the job store: a message that names a claim becomes a task."""

    run_attempts: Any = None

    def deserialize_task(self, data: bytes) -> Any:
        """Turn a message that names a claim into the task that runs it; others are cron calls."""
        claim = claim_named_in(data)
        if claim is None:
            return super().deserialize_task(data)
        return self.run_attempts.task_class((claim,), id=claim)


class SecondScheduler(Scheduler):  # type: ignore[misc]
    """Asks every second which crons are due; CronRegistry decides."""

    periodic_task_seconds = 1


class EmbeddedConsumer(Consumer):  # type: ignore[misc]
    """A consumer without signal handlers of its own."""

    scheduler_class = SecondScheduler

    def _set_signal_handlers(self) -> None:
        """The process that embeds the consumer handles signals."""


class Engine:
    """The running part of the queue: worker threads, the event loop of jobs, a supervisor."""

    def __init__(
        self,
        *,
        db: Database,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        runner: Runner,
        cron_registry: CronRegistry,
        workers: int,
        lease: timedelta,
        heartbeat: timedelta,
        name: str,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._db = db
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self.runner = runner
        self.cron_registry = cron_registry
        self._workers = workers
        self._lease = lease
        self._heartbeat = heartbeat
        self._name = name
        self._services: Any = None
        self._jobs_loop = loop
        self._thread = threading.Thread(target=self._run_loop, name="jobs-loop", daemon=True)
        self._supervisor: Future[None] | None = None
        self.scheduler_ticked_at = clock.monotonic()
        self._huey = BoxHuey(
            "buildos-box",
            results=False,
            utc=True,
            serializer=JsonSerializer(),
            storage_class=ClaimStorage,
            claim=lambda: db.submit(self.claim),
            clock=clock,
            has_free_slot=lambda claimed: claimed + runner.in_flight < workers,
        )
        self._register_tasks()
        # One thread more than attempts may run at once, so that a cron never waits for a job to
        # end.
        self.consumer = EmbeddedConsumer(self._huey, workers=workers + 1, scheduler_interval=1)
        self._others = FairShareCache()
        db.subscribe(JobWaits, self._others.on_job_waits)
        queue.on_wake(self.storage.wake)
        queue.on_cancel(self._cancel_attempt)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of jobs. Raises RuntimeError before `start`, because a loop holds open
        files.
        """
        if self._jobs_loop is None:
            raise RuntimeError("the engine has not been started")
        return self._jobs_loop

    @property
    def storage(self) -> ClaimStorage:
        """The storage that Huey's workers read from."""
        storage: ClaimStorage = self._huey.storage
        return storage

    @property
    def worker_ticked_at(self) -> float:
        """When a worker last asked for work, by the monotonic clock, in seconds."""
        return self.storage.ticked_at

    def _register_tasks(self) -> None:
        @self._huey.task(name="run_attempts")  # type: ignore[untyped-decorator]
        def run_attempts(claim: str) -> None:
            taken = self.storage.take(claim)
            self.call(self.runner.run_together(taken, self._services)).result()

        self._huey.run_attempts = run_attempts
        for name in self.cron_registry.crons:
            self._register_cron(name)

    def _register_cron(self, name: str) -> None:
        def due(_timestamp: Any) -> bool:
            self.scheduler_ticked_at = self._clock.monotonic()
            return self.cron_registry.is_due(name)

        @self._huey.periodic_task(due, name=f"cron_{name}")  # type: ignore[untyped-decorator]
        def run_cron() -> None:
            self.call(self.cron_registry.run_due(name, self._services)).result()

    def start(self, services: Any) -> None:
        """Recover the jobs of a previous process, then start all threads. Blocks briefly.

        The caller holds the data folder's lock, so no lease in the job store belongs to a living
        process.
        """
        self._services = services
        self._jobs_loop = self._jobs_loop or uvloop.new_event_loop()
        self._thread.start()
        self.recover(all_leases=True)
        self.call(self.cron_registry.open()).result()
        self.storage.open()
        self.consumer.start()
        self._supervisor = self.call(self._supervise())

    def call(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine on the event loop of jobs, from another thread. Raises RuntimeError."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def on_jobs_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop of jobs and await it from another loop.

        If the engine has not been started, it runs on the calling loop.
        """
        if not self._thread.is_alive():
            return await work
        return await asyncio.wrap_future(self.call(work))

    def stop(
        self, drain: timedelta, closing: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        """Stop claiming, let attempts finish for up to `drain`, give the rest back, end all
        threads.

        Jobs that are given back are pending again and the attempt does not count. `closing` runs
        last on the event loop of jobs.
        """
        self.storage.stop()
        self.consumer.stop_flag.set()
        self._join_workers(drain.total_seconds())
        deadline = time.monotonic() + STOP_AT_LAST_SECONDS
        while self._alive() and time.monotonic() < deadline:
            self._loop.call_soon_threadsafe(self.runner.stop_all, "draining")
            self._join_workers(0.2)
        with contextlib.suppress(StorageError):
            self._db.write_blocking(lambda _tx: None)  # waits until the last claim is answered
        for claimed in self.storage.left_over():
            self._loop.call_soon_threadsafe(self.runner.give_back, claimed)
        if self._supervisor is not None:
            self._supervisor.cancel()
        if closing is not None:
            self.call(closing()).result(STOP_AT_LAST_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_AT_LAST_SECONDS)

    def _alive(self) -> list[threading.Thread]:
        return [thread for _, thread in self.consumer.worker_threads if thread.is_alive()]

    def _join_workers(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in self._alive():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.close()

    def claim(self, tx: Any, at_most: int | None = None) -> Claims:
        """Claim jobs that may start now in this transaction, at most `at_most`."""
        return claims.claim(
            tx,
            lanes=self._queue.lanes,
            workers=self._workers,
            lease=self._lease,
            new_token=self._ids.secret,
            worker=self._name,
            now=self._clock.now(),
            at_most=at_most or self._workers,
            others=self._others,
        )

    def recover(self, *, all_leases: bool = False) -> int:
        """Give the jobs of lost workers back to the queue; returns their number. Blocks briefly."""
        now = self._clock.now()
        lost = self._db.write_blocking(
            lambda tx: recover_lost(
                tx,
                now=now,
                all_leases=all_leases,
                base=self.runner.backoff_base,
                entry_of=self.runner.entry_of,
            )
        )
        if lost:
            log.warning("recovered_lost_workers", jobs=[row["queue_job_id"] for row in lost])
            self._queue.wake()
        return len(lost)

    def _cancel_attempt(self, row_id: int, lease_token: str) -> None:
        if self._jobs_loop is not None:
            self._jobs_loop.call_soon_threadsafe(self.runner.cancel_attempt, row_id, lease_token)

    async def _supervise(self) -> None:
        """Renew leases, recover lost jobs, replace dead threads, add up the history; an error ends
        none of these.
        """
        await asyncio.gather(
            _every(self._heartbeat.total_seconds(), self.runner.beat),
            _every(RECOVER_EVERY.total_seconds(), self._recover_in_thread),
            _every(CHECK_WORKERS_EVERY_SECONDS, self._check_workers),
            _every(ROLL_UP_EVERY_SECONDS, lambda: roll_up(self._db)),
        )

    async def _recover_in_thread(self) -> None:
        # Renew leases first, so that a clock step or a suspended process does not make jobs that
        # still run here count as lost.
        await self.runner.beat()
        await asyncio.to_thread(self.recover)

    async def _check_workers(self) -> None:
        if not self.storage.stopped:
            await asyncio.to_thread(self.consumer.check_worker_health)


async def _every(seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("supervisor_work_failed")
