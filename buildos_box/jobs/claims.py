"""Claiming: one due job becomes a leased attempt, in one transaction (spec 3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.jobs import ledger, pause_store
from buildos_box.jobs.lanes import Lane, Running, open_lanes, users_at_their_share
from buildos_box.jobs.types import Status

PROMOTE_AT_MOST = 500
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One attempt to run: the job as it was claimed, and the lease on it."""

    row_id: int
    job_id: str
    job_type: str
    user_id: str | None
    number: int
    max_attempts: int
    scheduled_for: Instant
    dedup_key: str | None
    metadata: str
    correlation_id: str
    lease_token: str


@dataclass(frozen=True, slots=True)
class NothingDue:
    """No job can start now. `next_due` is when one will be due; None when none waits."""

    next_due: Instant | None


def claim(
    tx: Tx,
    *,
    lanes: Mapping[str, Lane],
    workers: int,
    lease: timedelta,
    lease_token: str,
    worker: str,
    now: Instant,
) -> Claimed | NothingDue:
    """Lease the most urgent due job: by priority, then due time, then id.

    Jobs past their `expires_at` are cancelled on the way, never run late.
    """
    make_ready(tx, now)
    shut = what_is_shut(tx, lanes, now)
    while True:
        row = _most_urgent(tx, lanes, workers, shut)
        if row is None:
            return NothingDue(min(filter(None, (_next_due(tx), shut.reopens_at)), default=None))
        if row["expires_at"] is not None and row["expires_at"] <= to_text(now):
            ledger.cancel(tx, row, reason="expired", actor="system", now=now)
            continue
        if lanes[row["lane"]].per_minute:
            tx.execute(
                "INSERT INTO lane_starts (lane, started_at, job_id) VALUES (?, ?, ?)",
                (row["lane"], to_text(now), row["id"]),
            )
        return _lease(tx, row, lease, lease_token, worker, now)


def make_ready(tx: Tx, now: Instant) -> None:
    """Mark what has become due; a job that waited for its retry becomes pending (spec 3.2)."""
    due = tx.all(
        """SELECT id, status FROM queue_jobs
            WHERE ready = 0 AND status IN ('pending', 'queued_for_retry') AND scheduled_for <= ?
            ORDER BY scheduled_for LIMIT ?""",
        (to_text(now), PROMOTE_AT_MOST),
    )
    for row in due:
        tx.execute("UPDATE queue_jobs SET ready = 1, status = 'pending' WHERE id = ?", (row["id"],))
        if row["status"] == Status.QUEUED_FOR_RETRY:
            ledger.record_event(
                tx, row["id"], row["status"], Status.PENDING, reason="due", actor="system", now=now
            )


def running(tx: Tx) -> Running:
    """What runs now, from the ledger itself."""
    by_lane: dict[str, int] = {}
    by_user: dict[tuple[str, str], int] = {}
    for lane, user, count in tx.execute(
        """SELECT lane, user_id, count(*) FROM queue_jobs
            WHERE status = 'processing' GROUP BY lane, user_id"""
    ):
        by_lane[lane] = by_lane.get(lane, 0) + count
        if user is not None:
            by_user[lane, user] = count
    return Running(by_lane, by_user)


@dataclass(frozen=True, slots=True)
class Shut:
    """What may not start now: lanes that are paused or have used up their minute, and types."""

    lanes: frozenset[str]
    types: tuple[str, ...]
    reopens_at: Instant | None


def what_is_shut(tx: Tx, lanes: Mapping[str, Lane], now: Instant) -> Shut:
    """What is paused, and which lanes have used up their minute."""
    pauses = pause_store.in_force(tx)
    if any(pause.kind == pause_store.ALL for pause in pauses):
        return Shut(frozenset(lanes), (), None)
    closed = {pause.name for pause in pauses if pause.kind == "lane"}
    types = tuple(pause.name for pause in pauses if pause.kind == "type")
    reopens = []
    for lane in lanes.values():
        at = _minute_is_full_until(tx, lane, now) if lane.per_minute else None
        if at is not None:
            closed.add(lane.name)
            reopens.append(at)
    return Shut(frozenset(closed), types, min(reopens, default=None))


def _minute_is_full_until(tx: Tx, lane: Lane, now: Instant) -> Instant | None:
    """When the lane may start its next job, if it has used up its rate; else None."""
    tx.execute(
        "DELETE FROM lane_starts WHERE lane = ? AND started_at <= ?",
        (lane.name, to_text(now - MINUTE)),
    )
    starts = tx.all(
        "SELECT started_at FROM lane_starts WHERE lane = ? ORDER BY started_at DESC LIMIT ?",
        (lane.name, lane.per_minute),
    )
    if lane.per_minute is None or len(starts) < lane.per_minute:
        return None
    return from_text(starts[-1]["started_at"]) + MINUTE


def _most_urgent(tx: Tx, lanes: Mapping[str, Lane], workers: int, shut: Shut) -> Row | None:
    now_running = running(tx)
    paused_types = ledger.dump(shut.types) if shut.types else None
    heads = [
        head
        for lane in open_lanes(lanes, now_running, workers, shut.lanes)
        if (head := _head_of(tx, lane, now_running, paused_types)) is not None
    ]
    return min(heads, key=_urgency, default=None)


def _urgency(row: Row) -> tuple[int, str, int]:
    return row["priority"], row["scheduled_for"], row["id"]


def _head_of(tx: Tx, lane: Lane, now_running: Running, paused_types: str | None) -> Row | None:
    """The lane's most urgent job; of users at their share only if nobody else waits (spec 3.9)."""
    head = _first(tx, lane.name, paused_types, None)
    if head is None:
        return None
    full = users_at_their_share(lane, now_running)
    if head["user_id"] not in full or not _others_wait(tx, lane.name, full):
        return head
    return _first(tx, lane.name, paused_types, ledger.dump(full)) or head


def _first(tx: Tx, lane: str, paused_types: str | None, full_users: str | None) -> Row | None:
    """The first ready job of the lane, past paused types and users at their share."""
    if paused_types is None and full_users is None:
        return tx.one(
            """SELECT * FROM queue_jobs WHERE ready = 1 AND lane = ?
                ORDER BY priority, scheduled_for, id LIMIT 1""",
            (lane,),
        )
    return tx.one(
        """SELECT * FROM queue_jobs
            WHERE ready = 1 AND lane = ?
              AND job_type NOT IN (SELECT value FROM json_each(?))
              AND (user_id IS NULL OR user_id NOT IN (SELECT value FROM json_each(?)))
            ORDER BY priority, scheduled_for, id LIMIT 1""",
        (lane, paused_types or "[]", full_users or "[]"),
    )


def _others_wait(tx: Tx, lane: str, users: list[str]) -> bool:
    """Whether anyone but these waits: index seeks into the gaps between them, not a scan."""
    edges = ["", *users]
    for low, high in zip(edges, [*users, None], strict=True):
        found = tx.one(
            """SELECT 1 FROM queue_jobs
                WHERE ready = 1 AND lane = :lane AND user_id > :low
                  AND (:high IS NULL OR user_id < :high) LIMIT 1""",
            {"lane": lane, "low": low, "high": high},
        )
        if found:
            return True
    nobody = "SELECT 1 FROM queue_jobs WHERE ready = 1 AND lane = ? AND user_id IS NULL LIMIT 1"
    return tx.one(nobody, (lane,)) is not None


def _lease(
    tx: Tx, row: Row, lease: timedelta, lease_token: str, worker: str, now: Instant
) -> Claimed:
    at = to_text(now)
    tx.execute(
        """UPDATE queue_jobs
              SET status = 'processing', ready = 0, attempts = attempts + 1, started_at = ?,
                  updated_at = ?, lease_token = ?, lease_expires_at = ?, progress = NULL
            WHERE id = ? AND status = 'pending'""",
        (at, at, lease_token, to_text(now + lease), row["id"]),
    )
    number = row["attempts"] + 1
    tx.execute(
        """INSERT INTO job_attempts (job_id, number, worker, started_at, outcome)
           VALUES (?, ?, ?, ?, 'running')""",
        (row["id"], number, worker, at),
    )
    ledger.record_event(
        tx,
        row["id"],
        Status.PENDING,
        Status.PROCESSING,
        reason=f"attempt {number} of {row['max_attempts']}",
        actor=worker,
        now=now,
    )
    return Claimed(
        row_id=row["id"],
        job_id=row["queue_job_id"],
        job_type=row["job_type"],
        user_id=row["user_id"],
        number=number,
        max_attempts=row["max_attempts"],
        scheduled_for=from_text(row["scheduled_for"]),
        dedup_key=row["dedup_key"],
        metadata=row["metadata"],
        correlation_id=row["correlation_id"],
        lease_token=lease_token,
    )


def _next_due(tx: Tx) -> Instant | None:
    row = tx.one(
        """SELECT scheduled_for FROM queue_jobs
            WHERE ready = 0 AND status IN ('pending', 'queued_for_retry')
            ORDER BY scheduled_for LIMIT 1"""
    )
    return from_text(row["scheduled_for"]) if row else None
