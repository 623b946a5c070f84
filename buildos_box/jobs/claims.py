"""Claiming: due jobs become leased attempts, in one transaction (docs/spec.md#claim-order)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Tx
from buildos_box.jobs import job_store, transitions
from buildos_box.jobs.changes import EXPIRED, JobsChanged, JobWaits
from buildos_box.jobs.claim_order import Candidate, ClaimOrder
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.status import Status

PROMOTE_AT_MOST = 500


class Claimed(NamedTuple):
    """A claimed job and the lease on it: one attempt to run."""

    row_id: int
    job_id: str
    job_type: str
    user_id: str | None
    number: int
    max_attempts: int
    due: str
    """When the job was due, as stored text."""
    dedup_key: str | None
    metadata: str
    correlation_id: str
    lease_token: str
    ran_before: bool
    """Whether the job was started before, also by attempts that do not count."""
    deferred: int
    """How many of its attempts ended in a retry that time bounds, not their number."""
    retry_until: Instant | None
    expires_at: Instant | None

    @property
    def scheduled_for(self) -> Instant:
        """When the job was due."""
        return from_text(self.due)


@dataclass(frozen=True, slots=True)
class Claims:
    """The result of one claim: attempts to run, and when the next waiting job is due."""

    jobs: list[Claimed]
    next_due: Instant | None


def claim(
    tx: Tx,
    *,
    lanes: Mapping[str, Lane],
    workers: int,
    lease: timedelta,
    new_token: Callable[[], str],
    worker: str,
    now: Instant,
    at_most: int,
    others: FairShareCache,
) -> Claims:
    """Lease the most urgent due jobs that may start now, by priority, then due time, then row id.

    At most `at_most`, in this one transaction. Jobs past their `expires_at` are cancelled instead.
    """
    others.begin()
    ahead = _look_ahead(tx)
    if ahead.next_due is not None and ahead.next_due <= now:
        make_ready(tx, now)
        ahead = _look_ahead(tx)
    if not ahead.any_ready:
        return Claims([], ahead.next_due)
    order = ClaimOrder(tx, lanes, workers, now, others, any_paused=ahead.any_paused)
    at = to_text(now)
    chosen: list[Candidate] = []
    while len(chosen) < at_most and (job := order.take()) is not None:
        if job.expires_at is not None and job.expires_at <= at:
            _expire(tx, job.id, now)
            continue
        order.started(job)
        chosen.append(job)
    jobs = _lease(tx, chosen, new_token, worker, until=now + lease, now=now) if chosen else []
    return Claims(jobs, min(filter(None, (ahead.next_due, order.reopens_at)), default=None))


class _Ahead(NamedTuple):
    """Whether any job is ready and anything is paused, and when the next other job is due."""

    any_ready: bool
    any_paused: bool
    next_due: Instant | None


def _look_ahead(tx: Tx) -> _Ahead:
    any_ready, any_paused, next_due = tx.execute(
        """SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE ready = 1),
                  EXISTS (SELECT 1 FROM queue_pauses),
                  (SELECT scheduled_for FROM queue_jobs
                    WHERE ready = 0 AND status IN ('pending', 'queued_for_retry')
                    ORDER BY scheduled_for LIMIT 1)"""
    ).fetchone()
    return _Ahead(any_ready, any_paused, _instant(next_due))


def _expire(tx: Tx, row_id: int, now: Instant) -> None:
    row = tx.one("SELECT * FROM queue_jobs WHERE id = ?", (row_id,))
    assert row is not None
    transitions.cancel(tx, row, reason=EXPIRED, actor="system", now=now)


def make_ready(tx: Tx, now: Instant) -> None:
    """Mark jobs that have become due as ready; those that waited for a retry become pending."""
    due = tx.all(
        """SELECT id, status FROM queue_jobs
            WHERE ready = 0 AND status IN ('pending', 'queued_for_retry') AND scheduled_for <= ?
            ORDER BY scheduled_for LIMIT ?""",
        (to_text(now), PROMOTE_AT_MOST),
    )
    for row in due:
        tx.execute("UPDATE queue_jobs SET ready = 1, status = 'pending' WHERE id = ?", (row["id"],))
        if row["status"] == Status.QUEUED_FOR_RETRY:
            job_store.record_event(
                tx, row["id"], row["status"], Status.PENDING, reason="due", actor="system", now=now
            )
    if due:
        tx.announce(JobWaits())


def _lease(
    tx: Tx,
    chosen: list[Candidate],
    new_token: Callable[[], str],
    worker: str,
    *,
    until: Instant,
    now: Instant,
) -> list[Claimed]:
    """Lease all of them in a constant number of statements."""
    secret = new_token()
    at = to_text(now)
    facts = {
        "ids": job_store.dump([job.id for job in chosen]),
        "secret": secret,
        "worker": worker,
        "now": at,
        "until": to_text(until),
    }
    tx.execute(
        """UPDATE queue_jobs
              SET status = 'processing', ready = 0, attempts = attempts + 1, started_at = :now,
                  updated_at = :now, lease_token = :secret || '-' || id,
                  lease_expires_at = :until, progress = NULL, rerun_wanted = 0
            WHERE id IN (SELECT value FROM json_each(:ids))""",
        facts,
    )
    tx.execute(
        """INSERT INTO job_attempts (job_id, number, worker, started_at, outcome)
           SELECT id, attempts, :worker, :now, 'running'
             FROM queue_jobs WHERE id IN (SELECT value FROM json_each(:ids))""",
        facts,
    )
    job_store.keep_events(tx, [_started_event(job, worker, at) for job in chosen])
    tx.announce(JobsChanged(tuple([job.id for job in chosen])))
    return [_claimed(job, secret) for job in chosen]


def _started_event(job: Candidate, worker: str, at: str) -> job_store.Event:
    words = attempt_words(job.attempts + 1, job.deferred, job.max_attempts)
    return (job.id, "pending", "processing", words, worker, at)


def _claimed(job: Candidate, secret: str) -> Claimed:
    # By their places, because it is made for every attempt.
    return Claimed(
        job.id,
        job.queue_job_id,
        job.job_type,
        job.user_id,
        job.attempts + 1,
        job.max_attempts,
        job.scheduled_for,
        job.dedup_key,
        job.metadata,
        job.correlation_id,
        f"{secret}-{job.id}",
        job.started_at is not None,
        job.deferred,
        _instant(job.retry_until),
        _instant(job.expires_at),
    )


def attempt_words(number: int, deferred: int, max_attempts: int) -> str:
    """Which attempt it is; of how many, unless time has bounded one before it."""
    return f"attempt {number}" if deferred else f"attempt {number} of {max_attempts}"


def _instant(text: str | None) -> Instant | None:
    return from_text(text) if text else None
