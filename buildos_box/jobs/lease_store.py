"""The SQL of leases: who holds a running job, heartbeats, and jobs whose worker is gone.

The rules: docs/spec.md#leases.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import LeaseLost
from buildos_box.jobs.changes import JobProgressed


def ensure_lease(tx: Tx, row_id: int, lease_token: str) -> None:
    """Require that this token still holds the job. Raises LeaseLost."""
    held = tx.one(
        "SELECT 1 FROM queue_jobs WHERE id = ? AND status = 'processing' AND lease_token = ?",
        (row_id, lease_token),
    )
    if held is None:
        raise LeaseLost("this attempt no longer holds its job")


def set_progress(tx: Tx, row_id: int, lease_token: str, progress: str, now: Instant) -> None:
    """Write the progress column only. Raises LeaseLost."""
    changed = tx.execute(
        """UPDATE queue_jobs SET progress = ?, updated_at = ?
            WHERE id = ? AND status = 'processing' AND lease_token = ?""",
        (progress, to_text(now), row_id, lease_token),
    ).rowcount
    if changed != 1:
        raise LeaseLost("this attempt no longer holds its job")
    tx.announce(JobProgressed(row_id))


def save_step(tx: Tx, row_id: int, lease_token: str, step: str, value: str) -> None:
    """Save a finished part of the job for later attempts. Raises LeaseLost."""
    ensure_lease(tx, row_id, lease_token)
    tx.execute(
        """INSERT INTO job_steps (job_id, step, value) VALUES (?, ?, ?)
           ON CONFLICT (job_id, step) DO UPDATE SET value = excluded.value""",
        (row_id, step, value),
    )


def note_stack(tx: Tx, row_id: int, stack: str) -> None:
    """Store where the running attempt stands, which is kept if its worker is lost."""
    tx.execute(
        "UPDATE job_attempts SET stack = ? WHERE job_id = ? AND outcome = 'running'",
        (stack, row_id),
    )


def note_stack_under(tx: Tx, row_id: int, lease_token: str, stack: str) -> bool:
    """The same if that token holds the job; returns whether it was stored."""
    return (
        tx.execute(
            """UPDATE job_attempts SET stack = ?
                WHERE job_id = ? AND outcome = 'running'
                  AND EXISTS (SELECT 1 FROM queue_jobs
                               WHERE id = ? AND status = 'processing' AND lease_token = ?)""",
            (stack, row_id, row_id, lease_token),
        ).rowcount
        > 0
    )


def running_without_worker(tx: Tx, *, now: Instant, all_leases: bool) -> list[Row]:
    """Running jobs whose lease has ended or, with `all_leases`, every running job."""
    return tx.all(
        """SELECT * FROM queue_jobs
            WHERE status = 'processing' AND (:every OR lease_expires_at <= :now)""",
        {"every": int(all_leases), "now": to_text(now)},
    )


def count_loss(tx: Tx, row_id: int, *, losses: int, losses_as_suspect: int) -> None:
    """Store how often the job has lost its worker."""
    tx.execute(
        "UPDATE queue_jobs SET losses = ?, losses_as_suspect = ? WHERE id = ?",
        (losses, losses_as_suspect, row_id),
    )


def waiting_suspects(tx: Tx, losses: int) -> list[Row]:
    """Waiting jobs that have lost their worker at least that often."""
    return tx.all(
        """SELECT id, losses, scheduled_for FROM queue_jobs
            WHERE completed_at IS NULL AND status IN ('pending', 'queued_for_retry')
              AND losses >= ?""",
        (losses,),
    )


def postpone(tx: Tx, row_id: int, at: Instant, now: Instant) -> None:
    """Let a waiting job wait until then; its state stays."""
    tx.execute(
        "UPDATE queue_jobs SET scheduled_for = ?, ready = ?, updated_at = ? WHERE id = ?",
        (to_text(at), int(at <= now), to_text(now), row_id),
    )


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat: the lease to renew, and the attempt's current stack."""

    row_id: int
    lease_token: str
    stack: str


def renew_leases(tx: Tx, beats: Iterable[Beat], *, until: Instant, now: Instant) -> list[int]:
    """Renew each lease and store its stack; returns the rows whose lease is no longer held."""
    gone = []
    for beat in beats:
        changed = tx.execute(
            """UPDATE queue_jobs SET lease_expires_at = ?, updated_at = ?
                WHERE id = ? AND status = 'processing' AND lease_token = ?""",
            (to_text(until), to_text(now), beat.row_id, beat.lease_token),
        ).rowcount
        if changed != 1:
            gone.append(beat.row_id)
            continue
        note_stack(tx, beat.row_id, beat.stack)
    return gone
