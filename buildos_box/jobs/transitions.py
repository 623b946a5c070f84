"""Every change of a job's state: one guarded UPDATE each, with a row in the audit trail.

All functions take a transaction. The rules: docs/spec.md#job-states.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import IllegalTransition, LeaseLost
from buildos_box.jobs.changes import (
    JobCancelled,
    JobFailed,
    JobProgressed,
    JobsChanged,
    JobWaits,
)
from buildos_box.jobs.job_store import (
    dump,
    is_rerun_wanted,
    keep_events,
    live_with_key,
    record_event,
)
from buildos_box.jobs.retry import Failure, RetryAt
from buildos_box.jobs.status import Status

RERUN = "requested again while it ran"


def make_more_urgent(
    tx: Tx,
    row_id: int,
    *,
    scheduled_for: Instant,
    priority: int,
    metadata: str,
    expires_at: str | None,
    reason: str,
    actor: str,
    now: Instant,
) -> None:
    """Bring a waiting job forward; due time and priority only ever become more urgent.

    Raises IllegalTransition unless the job is pending or queued for retry.
    """
    when = to_text(scheduled_for)
    before = tx.one("SELECT status FROM queue_jobs WHERE id = ?", (row_id,))
    changed = tx.execute(
        """UPDATE queue_jobs
              SET scheduled_for = min(scheduled_for, :when), priority = min(priority, :priority),
                  ready = (min(scheduled_for, :when) <= :now), status = 'pending',
                  metadata = :metadata, expires_at = :expires_at, updated_at = :now
            WHERE id = :id AND status IN ('pending', 'queued_for_retry')""",
        {
            "id": row_id,
            "when": when,
            "priority": priority,
            "metadata": metadata,
            "expires_at": expires_at,
            "now": to_text(now),
        },
    ).rowcount
    if changed != 1 or before is None:
        raise IllegalTransition("only a waiting job can be made more urgent")
    record_event(tx, row_id, before["status"], Status.PENDING, reason=reason, actor=actor, now=now)


class CompletedJob(NamedTuple):
    """A job whose work ended well: its row, the lease it ran under, its result as JSON."""

    row_id: int
    lease_token: str
    result: str | None
    progress: str | None = None
    """Its last progress as JSON; None leaves what is stored."""
    has_steps: bool = True
    """Whether there may be saved steps to delete."""


def complete(tx: Tx, ended: CompletedJob, now: Instant) -> None:
    """`processing → completed`. Raises LeaseLost."""
    if not complete_all(tx, [ended], now):
        raise LeaseLost("this attempt no longer holds its job")


def complete_all(tx: Tx, ended: list[CompletedJob], now: Instant) -> set[int]:
    """`processing → completed` for each job whose lease still holds, in a few statements for all.

    A job that was requested again while it ran goes back to pending instead, with no result.
    Returns the rows whose lease held; jobs whose lease was lost stay as they are.
    """
    at = to_text(now)
    # Lease tokens are unique, so a row that holds one of these tokens holds its own.
    found = tx.all(
        """UPDATE queue_jobs
              SET status = iif(rerun_wanted, 'pending', 'completed'), ready = rerun_wanted,
                  scheduled_for = iif(rerun_wanted, :at, scheduled_for),
                  attempts = iif(rerun_wanted, 0, attempts),
                  deferred = iif(rerun_wanted, 0, deferred),
                  retry_until = iif(rerun_wanted, NULL, retry_until),
                  completed_at = iif(rerun_wanted, NULL, :at), updated_at = :at,
                  lease_token = NULL, lease_expires_at = NULL,
                  result = iif(rerun_wanted, NULL, :results ->> ('$."' || id || '"')),
                  progress = coalesce(:progress ->> ('$."' || id || '"'), progress),
                  error = NULL, error_kind = NULL, error_code = NULL
            WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'processing'
              AND lease_token IN (SELECT value FROM json_each(:tokens))
        RETURNING id, rerun_wanted""",
        {
            "at": at,
            "ids": dump([one.row_id for one in ended]),
            "tokens": dump([one.lease_token for one in ended]),
            "results": _by_row_id((one.row_id, one.result) for one in ended),
            "progress": _by_row_id((one.row_id, one.progress) for one in ended),
        },
    )
    held = [row["id"] for row in found]
    if not held:
        return set()
    again = {row["id"] for row in found if row["rerun_wanted"]}
    ids = dump(held)
    tx.execute(
        """UPDATE job_attempts SET ended_at = ?, outcome = 'completed', stack = NULL
            WHERE job_id IN (SELECT value FROM json_each(?)) AND outcome = 'running'""",
        (at, ids),
    )
    if any(one.has_steps for one in ended):
        tx.execute("DELETE FROM job_steps WHERE job_id IN (SELECT value FROM json_each(?))", (ids,))
    for one in ended:
        if one.progress is not None and one.row_id in held:
            tx.announce(JobProgressed(one.row_id))
    keep_events(
        tx,
        [
            (row_id, "processing", "pending", RERUN, "worker", at)
            if row_id in again
            else (row_id, "processing", "completed", "completed", "worker", at)
            for row_id in held
        ],
    )
    tx.announce(JobsChanged(tuple(held)))
    if again:
        tx.announce(JobWaits())
    return set(held)


def _by_row_id(values: Iterable[tuple[int, str | None]]) -> str | None:
    """Those that there are as a JSON object, which SQLite looks into for each row; or None."""
    found = {str(row_id): value for row_id, value in values if value is not None}
    return dump(found) if found else None


def fail(
    tx: Tx,
    row_id: int,
    lease_token: str,
    failure: Failure,
    now: Instant,
    *,
    outcome: str = "failed",
    stack: str | None = None,
) -> None:
    """`processing → failed`, or back to pending if it was requested again while it ran.

    Raises LeaseLost.
    """
    if is_rerun_wanted(tx, row_id, lease_token):
        _run_again(tx, row_id, lease_token, failure, now, outcome=outcome, stack=stack)
        return
    _leave_processing(tx, row_id, lease_token, Status.FAILED, now, failure=failure)
    end_attempt(tx, row_id, outcome, now, failure, stack)
    row = tx.one("SELECT * FROM queue_jobs WHERE id = ?", (row_id,))
    assert row is not None
    tx.announce(JobFailed(**_facts(row), code=failure.code, message=failure.message))
    record_event(
        tx,
        row_id,
        Status.PROCESSING,
        Status.FAILED,
        reason=f"{failure.code}: {failure.message}",
        actor="worker",
        now=now,
    )


def _run_again(
    tx: Tx,
    row_id: int,
    lease_token: str,
    failure: Failure,
    now: Instant,
    *,
    outcome: str,
    stack: str | None,
) -> None:
    _leave_processing(
        tx, row_id, lease_token, Status.PENDING, now, failure=failure, scheduled_for=now, ready=True
    )
    tx.execute(
        "UPDATE queue_jobs SET attempts = 0, deferred = 0, retry_until = NULL WHERE id = ?",
        (row_id,),
    )
    tx.execute("DELETE FROM job_steps WHERE job_id = ?", (row_id,))
    end_attempt(tx, row_id, outcome, now, failure, stack)
    record_event(
        tx, row_id, Status.PROCESSING, Status.PENDING,
        reason=f"{RERUN}; {failure.code}: {failure.message}", actor="worker", now=now,
    )  # fmt: skip


def _facts(row: Row) -> dict[str, Any]:
    return {
        "job_id": row["queue_job_id"],
        "job_type": row["job_type"],
        "user_id": row["user_id"],
        "metadata": msgspec.json.decode(row["metadata"]),
        "correlation_id": row["correlation_id"],
    }


def retry_later(
    tx: Tx,
    row_id: int,
    lease_token: str,
    failure: Failure,
    retry: RetryAt,
    now: Instant,
    *,
    outcome: str = "retry",
    stack: str | None = None,
) -> None:
    """`processing → queued_for_retry`, with the error and the time of the next attempt.

    A retry that is bounded by time is counted as deferred. Raises LeaseLost.
    """
    _leave_processing(
        tx,
        row_id,
        lease_token,
        Status.QUEUED_FOR_RETRY,
        now,
        failure=failure,
        scheduled_for=retry.at,
        retry_until=retry.until,
        deferred=retry.until is not None,
    )
    end_attempt(tx, row_id, outcome, now, failure, stack)
    record_event(
        tx,
        row_id,
        Status.PROCESSING,
        Status.QUEUED_FOR_RETRY,
        reason=f"{failure.code}: {failure.message}",
        actor="worker",
        now=now,
    )


def give_back(
    tx: Tx,
    row_id: int,
    lease_token: str,
    *,
    outcome: str,
    reason: str,
    at: Instant,
    now: Instant,
    retry_until: Instant | None = None,
    actor: str = "worker",
    failure: Failure | None = None,
    stack: str | None = None,
) -> None:
    """`processing → pending` with no attempt counted: a snooze, a drain or a lost worker.

    `retry_until` replaces the bound on retries, if one is given. Raises LeaseLost.
    """
    _leave_processing(
        tx,
        row_id,
        lease_token,
        Status.PENDING,
        now,
        scheduled_for=at,
        ready=at <= now,
        retry_until=retry_until,
        uncount=True,
        failure=failure,
    )
    end_attempt(tx, row_id, outcome, now, failure, stack)
    record_event(tx, row_id, Status.PROCESSING, Status.PENDING, reason=reason, actor=actor, now=now)


def _leave_processing(
    tx: Tx,
    row_id: int,
    lease_token: str,
    status: Status,
    now: Instant,
    *,
    failure: Failure | None = None,
    scheduled_for: Instant | None = None,
    retry_until: Instant | None = None,
    ready: bool = False,
    uncount: bool = False,
    deferred: bool = False,
) -> None:
    finished = status in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
    changed = tx.execute(
        """UPDATE queue_jobs
              SET status = :status, ready = :ready, lease_token = NULL, lease_expires_at = NULL,
                  updated_at = :now, completed_at = :completed_at,
                  scheduled_for = coalesce(:scheduled_for, scheduled_for),
                  retry_until = coalesce(:retry_until, retry_until),
                  attempts = attempts - :uncount, deferred = deferred + :deferred,
                  error = :error, error_kind = :kind, error_code = :code
            WHERE id = :id AND status = 'processing' AND lease_token = :token""",
        {
            "id": row_id,
            "token": lease_token,
            "status": status,
            "ready": int(ready),
            "now": to_text(now),
            "completed_at": to_text(now) if finished else None,
            "scheduled_for": to_text(scheduled_for) if scheduled_for else None,
            "retry_until": to_text(retry_until) if retry_until else None,
            "uncount": int(uncount),
            "deferred": int(deferred),
            "error": failure.message if failure else None,
            "kind": failure.kind if failure else None,
            "code": failure.code if failure else None,
        },
    ).rowcount
    if changed != 1:
        raise LeaseLost("this attempt no longer holds its job")


def end_attempt(
    tx: Tx,
    row_id: int,
    outcome: str,
    now: Instant,
    failure: Failure | None = None,
    stack: str | None = None,
) -> None:
    """Close the job's running attempt; a lost one keeps the stack of its last write, if any."""
    tx.execute(
        """UPDATE job_attempts
              SET ended_at = :now, outcome = :outcome, error_kind = :kind, error_code = :code,
                  error = :error, stack = iif(:outcome = 'lost', coalesce(stack, :stack), :stack)
            WHERE job_id = :id AND outcome = 'running'""",
        {
            "now": to_text(now),
            "outcome": outcome,
            "kind": failure.kind if failure else None,
            "code": failure.code if failure else None,
            "error": failure.message if failure else None,
            "stack": stack,
            "id": row_id,
        },
    )


def cancel(tx: Tx, row: Row, *, reason: str, actor: str, now: Instant) -> None:
    """Any live state `→ cancelled`; its lease ends at once. `Queue.cancel` also stops its attempt.

    Raises IllegalTransition if the job is finished.
    """
    changed = tx.execute(
        """UPDATE queue_jobs
              SET status = 'cancelled', ready = 0, lease_token = NULL, lease_expires_at = NULL,
                  cancel_reason = ?, completed_at = ?, updated_at = ?
            WHERE id = ? AND completed_at IS NULL""",
        (reason, to_text(now), to_text(now), row["id"]),
    ).rowcount
    if changed != 1:
        raise IllegalTransition(f"{row['queue_job_id']} is {row['status']}: nothing to cancel")
    end_attempt(tx, row["id"], "cancelled", now)
    tx.announce(JobCancelled(**_facts(row), reason=reason))
    record_event(
        tx, row["id"], row["status"], Status.CANCELLED, reason=reason, actor=actor, now=now
    )


def try_again(tx: Tx, row: Row, *, actor: str, now: Instant) -> None:
    """A failed, cancelled or waiting-for-retry job `→ pending`: due now, attempts from zero.

    Raises IllegalTransition for any other state, for a job that has expired, or if a live job has
    the same dedup key.
    """
    if row["expires_at"] is not None and row["expires_at"] <= to_text(now):
        raise IllegalTransition(
            f"{row['queue_job_id']} expired at {row['expires_at']}: it would not run again"
        )
    key = row["dedup_key"]
    twin = live_with_key(tx, key) if key else None
    if twin is not None and twin["id"] != row["id"]:
        raise IllegalTransition(
            f"{twin['queue_job_id']} already does this work", existing_job_id=twin["queue_job_id"]
        )
    changed = tx.execute(
        """UPDATE queue_jobs
              SET status = 'pending', ready = 1, attempts = 0, deferred = 0, retry_until = NULL,
                  scheduled_for = :now, losses = 0, losses_as_suspect = 0, completed_at = NULL,
                  cancel_reason = NULL, updated_at = :now
            WHERE id = :id AND status IN ('failed', 'cancelled', 'queued_for_retry')""",
        {"id": row["id"], "now": to_text(now)},
    ).rowcount
    if changed != 1:
        raise IllegalTransition(f"{row['queue_job_id']} is {row['status']}: nothing to retry")
    record_event(
        tx, row["id"], row["status"], Status.PENDING, reason="retry requested", actor=actor, now=now
    )
