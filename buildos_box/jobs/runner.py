"""Runs one attempt: payload, heartbeat, time-out, cancel of a running job, storing the outcome.

The rules: docs/spec.md#timeouts, docs/spec.md#cancel-running.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import timedelta
from types import CodeType
from typing import Any, Literal

import msgspec

from buildos_box.clock import Clock, Instant
from buildos_box.db import Database, Tx
from buildos_box.errors import LeaseLost
from buildos_box.jobs import job_store, lease_store, transitions
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.attempt_stack import place, stack_of
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.job_query_store import steps_of
from buildos_box.jobs.job_type import JobType
from buildos_box.jobs.lease_store import Beat
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.retry import (
    Failure,
    RetryAt,
    RetryPolicy,
    Snooze,
    Tried,
    classify,
    decide,
)
from buildos_box.jobs.transitions import CompletedJob
from buildos_box.log import correlate, correlated, logger

StopReason = Literal["cancelled", "lease_lost", "draining", "timed_out"]
CANCELS_REMEMBERED = 256
"""Few are enough: a claimed attempt starts at once unless it waits for a predecessor to stop."""
log = logger(__name__)


class Crashed(Exception):
    """A job raised SystemExit or KeyboardInterrupt; only that job fails."""


class _Run:
    """A running attempt: its task, and why it was stopped."""

    def __init__(self, claimed: Claimed) -> None:
        self.claimed = claimed
        self.work: Coroutine[Any, Any, Any] | None = None
        self.task: asyncio.Task[Any] | None = None
        self.stop_reason: StopReason | None = None
        self.stack: str | None = None
        self.done = asyncio.Event()

    def stop(self, reason: StopReason) -> None:
        self.stop_reason = self.stop_reason or reason
        if self.task is not None:
            self.task.cancel()

    def time_out(self) -> None:
        self.stack = stack_of(self.work)
        self.stop("timed_out")


class Runner:
    """Runs claimed attempts on one event loop."""

    def __init__(
        self,
        *,
        db: Database,
        queue: Queue,
        clock: Clock,
        lease: timedelta,
        backoff_base: timedelta,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._queue = queue
        self._clock = clock
        self._lease = lease
        self._base = backoff_base
        self._jitter = jitter
        self._runs: dict[int, _Run] = {}
        self._ended: list[CompletedJob] = []
        self._waking = False
        self._cancelled_before: deque[str] = deque(maxlen=CANCELS_REMEMBERED)
        """Lease tokens of attempts that were cancelled before they started."""

    @property
    def backoff_base(self) -> timedelta:
        """The unit of the pauses between attempts."""
        return self._base

    @property
    def in_flight(self) -> int:
        """The number of attempts that run now."""
        return len(self._runs)

    async def run(self, claimed: Claimed, services: Any) -> None:
        """Run the attempt to its end and submit its outcome to the job store.

        Returns once the outcome is submitted, not when it is durable. The writer keeps the order,
        so what this worker submits next is committed after it.
        """
        with correlated(claimed.correlation_id, job_id=claimed.job_id):
            await self._run_claimed(claimed, services)
        # Let the outcomes of all attempts that ended in this iteration be submitted together.
        await asyncio.sleep(0)

    async def run_together(self, claimed: list[Claimed], services: Any) -> None:
        """Run attempts that were claimed together concurrently; each frees its own slot when it
        ends.

        Raises Unavailable, once all have ended, if the database was closed under one of them.
        """
        loop, failed = asyncio.get_running_loop(), list[Exception]()
        # One after the other, since a gather costs a callback for each.
        for task in [
            loop.create_task(self._run_as_a_task(one, services, failed)) for one in claimed
        ]:
            await task
        if failed:
            raise failed[0]

    async def _run_as_a_task(
        self, claimed: Claimed, services: Any, failed: list[Exception]
    ) -> None:
        # A task has its own context, so nothing has to be restored when it ends.
        correlate(claimed.correlation_id, job_id=claimed.job_id)
        try:
            await self._run_claimed(claimed, services)
        except Exception as error:
            # Kept here, because nobody fetches it from the task if the waiting one is cancelled.
            failed.append(error)

    async def _run_claimed(self, claimed: Claimed, services: Any) -> None:
        run = _Run(claimed)
        if self._runs:
            await self._wait_for_predecessors(claimed)
        if claimed.lease_token in self._cancelled_before:
            run.stop_reason = "cancelled"
        self._runs[claimed.row_id] = run
        try:
            await self._run(run, services)
        finally:
            if self._runs.get(claimed.row_id) is run:
                del self._runs[claimed.row_id]
            run.done.set()
            self._wake_soon()

    def _wake_soon(self) -> None:
        """Ask for claims once for all attempts that end in this iteration of the loop.

        The request follows their outcomes to the writer at once, so that one commit usually takes
        both.
        """
        if not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self._waking = False
        self._flush()  # the claim then sees the slots that these outcomes free
        self._queue.wake()

    async def _wait_for_predecessors(self, claimed: Claimed) -> None:
        """Wait until earlier attempts of the same job or dedup key have really stopped."""
        key = claimed.dedup_key
        if key is None and claimed.row_id not in self._runs:
            return
        for run in list(self._runs.values()):
            same_work = key is not None and run.claimed.dedup_key == key
            if run.claimed.row_id == claimed.row_id or same_work:
                await run.done.wait()

    async def _run(self, run: _Run, services: Any) -> None:
        claimed = run.claimed
        job_type = self._queue.type_named(claimed.job_type)
        if job_type is None:
            self._fail(claimed, Failure("permanent", "unknown_type", claimed.job_type))
            return
        try:
            payload = msgspec.json.decode(claimed.metadata, type=job_type.payload)
        except msgspec.DecodeError as error:
            self._fail(claimed, Failure("permanent", "malformed", str(error)))
            return
        steps = await steps_of(self._db, claimed.row_id) if claimed.ran_before else {}
        attempt: Attempt[Any] = Attempt(
            claimed, payload, self._db, self._clock, steps, lambda: stack_of(run.work)
        )
        await self._supervise(run, job_type, attempt, services)

    async def _supervise(
        self, run: _Run, job_type: JobType[Any], attempt: Attempt[Any], services: Any
    ) -> None:
        if run.stop_reason is not None:
            self._conclude(run, job_type, attempt, None, asyncio.CancelledError())
            return
        run.work = _guarded(job_type, attempt, services)
        run.task = asyncio.current_task()
        alarm = asyncio.get_running_loop().call_later(
            job_type.timeout.total_seconds(), run.time_out
        )
        result: Any = None
        error: BaseException | None = None
        try:
            result = await run.work
        except asyncio.CancelledError as cancelled:
            if run.stop_reason is None and run.task is not None and run.task.cancelling():
                raise  # the event loop itself is shutting down
            error = cancelled
        except Exception as failed:
            error = failed
        finally:
            alarm.cancel()
            task, run.task = run.task, None
        while task is not None and task.cancelling():
            task.uncancel()
        self._conclude(run, job_type, attempt, result, error)

    def _conclude(
        self,
        run: _Run,
        job_type: JobType[Any],
        attempt: Attempt[Any],
        result: Any,
        error: BaseException | None,
    ) -> None:
        claimed = run.claimed
        if attempt.finished:
            return
        if error is None:
            self._complete(attempt, result)
        elif isinstance(error, Snooze):
            self._snooze(claimed, error)
        elif isinstance(error, LeaseLost) or run.stop_reason in ("cancelled", "lease_lost"):
            log.info("attempt_stopped", reason=run.stop_reason or "lease_lost")
        elif run.stop_reason == "draining":
            self.give_back(claimed)
        elif run.stop_reason == "timed_out":
            limit = job_type.timeout.total_seconds()
            timed_out = Failure("transient", "timed_out", f"took more than {limit:g} s", True)
            self._retry_or_fail(claimed, timed_out, outcome="timed_out", stack=run.stack)
        else:
            if isinstance(error, asyncio.CancelledError):
                error = Crashed("the job's code raised CancelledError")
            failure = classify(error)
            if failure.kind == "unknown":
                log.error("attempt_crashed", exc_info=error)
            self._retry_or_fail(claimed, failure)

    def _complete(self, attempt: Attempt[Any], result: Any) -> None:
        claimed = attempt.claimed
        if not self._ended:
            asyncio.get_running_loop().call_soon(self._flush)
        text = None if result is None else job_store.dump(result)
        self._ended.append(
            CompletedJob(claimed.row_id, claimed.lease_token, text, has_steps=attempt.has_steps)
        )

    def _flush(self) -> None:
        """Complete all attempts that ended in the same iteration of the loop in one transaction."""
        if not self._ended:
            return
        ended, self._ended = self._ended, []
        now = self._clock.now()

        def finish(tx: Tx) -> None:
            void = {one.row_id for one in ended} - transitions.complete_all(tx, ended, now)
            if void:
                log.info("outcomes_void", rows=sorted(void), reason="the lease was lost")

        self._submit(finish)

    def _fail(self, claimed: Claimed, failure: Failure) -> None:
        self._retry_or_fail(claimed, failure)

    def _retry_or_fail(
        self,
        claimed: Claimed,
        failure: Failure,
        *,
        outcome: str | None = None,
        stack: str | None = None,
    ) -> None:
        now = self._clock.now()
        job_type = self._queue.type_named(claimed.job_type)
        policy = job_type.retry if job_type else RetryPolicy()
        decision = decide(
            failure,
            Tried(claimed.number, claimed.deferred, claimed.max_attempts),
            longest_delay=policy.longest_delay,
            until=policy.deadline(now, claimed.retry_until, claimed.expires_at),
            now=now,
            base=self._base,
            jitter=self._jitter(),
        )
        row_id, token = claimed.row_id, claimed.lease_token

        def finish(tx: Tx) -> None:
            if isinstance(decision, RetryAt):
                transitions.retry_later(
                    tx,
                    row_id,
                    token,
                    failure,
                    decision,
                    now,
                    outcome=outcome or "retry",
                    stack=stack,
                )
                tx.before_commit(self._queue.wake)
            else:
                transitions.fail(
                    tx, row_id, token, failure, now, outcome=outcome or "failed", stack=stack
                )

        log.warning(
            "attempt_failed",
            job_type=claimed.job_type,
            attempt=claimed.number,
            code=failure.code,
            error=failure.message,
            next_try=getattr(decision, "at", None),
        )
        self._submit(finish)

    def _snooze(self, claimed: Claimed, snooze: Snooze) -> None:
        # The time that a job waits on purpose is no part of the time that it may be retried.
        until = claimed.retry_until and claimed.retry_until + (snooze.until - self._clock.now())
        self._hand_back(
            claimed, outcome="snoozed", reason=snooze.reason, at=snooze.until, retry_until=until
        )

    def give_back(self, claimed: Claimed) -> None:
        """Give the job back to pending without running it; the attempt does not count."""
        self._hand_back(
            claimed, outcome="drained", reason="the server is stopping", at=self._clock.now()
        )

    def _hand_back(
        self,
        claimed: Claimed,
        *,
        outcome: str,
        reason: str,
        at: Instant,
        retry_until: Instant | None = None,
    ) -> None:
        now = self._clock.now()

        def finish(tx: Tx) -> None:
            transitions.give_back(
                tx,
                claimed.row_id,
                claimed.lease_token,
                outcome=outcome,
                reason=reason,
                at=at,
                now=now,
                retry_until=retry_until,
            )
            tx.before_commit(self._queue.wake)

        self._submit(finish)

    def _submit(self, finish: Callable[[Tx], None]) -> None:
        self._db.submit(finish).add_done_callback(_log_if_lost)

    def cancel_attempt(self, row_id: int, lease_token: str) -> None:
        """Cancel the attempt of that lease, also one that has not started. Call it on the runner's
        loop.
        """
        run = self._runs.get(row_id)
        if run is not None and run.claimed.lease_token == lease_token:
            run.stop("cancelled")
        else:
            self._cancelled_before.append(lease_token)

    def stop_all(self, reason: StopReason) -> None:
        """Cancel every attempt. Call it on the runner's loop."""
        for run in list(self._runs.values()):
            run.stop(reason)

    def entry_of(self, job_type: str) -> str | None:
        """Where attempts of that type begin: file, line and function; None if it is unknown."""
        known = self._queue.type_named(job_type)
        code: CodeType | None = getattr(known and known.run, "__code__", None)
        return place(code, code.co_firstlineno) if code is not None else None

    async def beat(self) -> None:
        """Renew the leases of all running attempts; stop those that have lost theirs."""
        beats = [
            Beat(row_id, run.claimed.lease_token, stack_of(run.work))
            for row_id, run in self._runs.items()
        ]
        if not beats:
            return
        now = self._clock.now()
        until = now + self._lease
        gone = await self._db.write(
            lambda tx: lease_store.renew_leases(tx, beats, until=until, now=now)
        )
        tokens = {beat.row_id: beat.lease_token for beat in beats}
        for row_id in gone:
            run = self._runs.get(row_id)
            if run is not None and run.claimed.lease_token == tokens[row_id]:
                run.stop("lease_lost")


async def _guarded(job_type: JobType[Any], attempt: Attempt[Any], services: Any) -> Any:
    try:
        return await job_type.run(attempt, services)
    except (SystemExit, KeyboardInterrupt) as error:
        raise Crashed(f"{type(error).__name__} in {job_type.name}") from error


def _log_if_lost(future: "Future[None]") -> None:
    error = future.exception()
    if isinstance(error, LeaseLost):
        log.info("outcome_void", reason="the lease was lost")
    elif error is not None:
        log.error("outcome_not_stored", error=str(error))
