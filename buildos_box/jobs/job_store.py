"""The job store: adding jobs, finding them inside a transaction, and their audit trail.

All functions take a transaction, so that a change of data and its job commit together or not at
all. Changes of a job's state are in `transitions`, reads outside of transactions in
`job_query_store`.

The rules: docs/spec.md#job-store.
"""

from typing import Any, NamedTuple

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx
from buildos_box.jobs.changes import JobsChanged, JobWaits
from buildos_box.jobs.status import Status


def dump(value: Any) -> str:
    """A value as the JSON text in which it is stored."""
    return msgspec.json.encode(value).decode()


def record_event(
    tx: Tx,
    row_id: int,
    from_status: str | None,
    to_status: str,
    *,
    reason: str,
    actor: str,
    now: Instant,
) -> None:
    """Add a row to the job's audit trail, and announce the change."""
    keep_events(tx, [(row_id, from_status, to_status, reason, actor, to_text(now))])
    tx.announce(JobsChanged((row_id,)))
    if to_status == Status.PENDING and from_status is not None:
        tx.announce(JobWaits())


Event = tuple[int, str | None, str, str, str, str]
"""Row id of the job, status before, status after, reason, actor, time."""


def keep_events(tx: Tx, events: list[Event]) -> None:
    """Add rows to the audit trail, in one statement with the other events of the commit."""
    tx.insert_deferred(
        "INSERT INTO job_events (job_id, from_status, to_status, reason, actor, at) VALUES",
        events,
    )


class NewJob(NamedTuple):
    """A job to add, column by column."""

    queue_job_id: str
    user_id: str | None
    job_type: str
    lane: str
    ready: bool
    priority: int
    max_attempts: int
    scheduled_for: str
    expires_at: str | None
    created_at: str
    updated_at: str
    dedup_key: str | None
    metadata: str
    correlation_id: str
    status: str = Status.PENDING


_INSERT_JOB = f"INSERT INTO queue_jobs ({', '.join(NewJob._fields)}) VALUES"


def insert(tx: Tx, job: NewJob, *, actor: str, now: Instant) -> None:
    """Add a pending job."""

    def added(row_id: int) -> None:
        record_event(tx, row_id, None, Status.PENDING, reason="enqueued", actor=actor, now=now)

    tx.insert_deferred_with_id(_INSERT_JOB, job, added)
    tx.announce(JobWaits(job.lane, job.user_id))


def live_with_key(tx: Tx, dedup_key: str) -> Row | None:
    """The live job of that key; the partial unique index allows one at most."""
    return tx.one(
        "SELECT * FROM queue_jobs WHERE dedup_key = ? AND completed_at IS NULL", (dedup_key,)
    )


def newest_of(tx: Tx, user_id: str, dedup_key: str) -> str | None:
    """The public id of the user's newest job of that key, live or finished."""
    row = tx.one(
        """SELECT queue_job_id FROM queue_jobs WHERE user_id = ? AND dedup_key = ?
            ORDER BY id DESC LIMIT 1""",
        (user_id, dedup_key),
    )
    return None if row is None else str(row["queue_job_id"])


def live_of(tx: Tx, user_id: str) -> list[Row]:
    """Every live job of that user."""
    return tx.all("SELECT * FROM queue_jobs WHERE user_id = ? AND completed_at IS NULL", (user_id,))


def live_all(tx: Tx) -> list[Row]:
    """Every live job of every user."""
    return tx.all("SELECT * FROM queue_jobs WHERE completed_at IS NULL")


def by_public_id(tx: Tx, job_id: str) -> Row | None:
    """The job with that `job-…` id."""
    return tx.one("SELECT * FROM queue_jobs WHERE queue_job_id = ?", (job_id,))


def set_metadata(tx: Tx, row_id: int, metadata: str, expires_at: Instant | None) -> None:
    """Store a live job's payload, and when it expires by it."""
    tx.execute(
        "UPDATE queue_jobs SET metadata = ?, expires_at = ? WHERE id = ? AND completed_at IS NULL",
        (metadata, to_text(expires_at) if expires_at else None, row_id),
    )


def want_rerun(tx: Tx, row_id: int) -> None:
    """Let a running job run once more when it is done."""
    tx.execute(
        "UPDATE queue_jobs SET rerun_wanted = 1 WHERE id = ? AND status = 'processing'", (row_id,)
    )


def is_rerun_wanted(tx: Tx, row_id: int, lease_token: str) -> bool:
    """Whether the job is to run once more, asked by the attempt that holds it."""
    found = tx.one(
        "SELECT 1 FROM queue_jobs WHERE id = ? AND lease_token = ? AND rerun_wanted = 1",
        (row_id, lease_token),
    )
    return found is not None
