"""Claiming: due jobs become leased attempts, in one transaction (docs/spec.md#claim-order)."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.jobs import job_store, pause_store, transitions
from buildos_box.jobs.changes import EXPIRED, JobsChanged, JobWaits
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.lanes import Lane, Running, open_lanes, users_at_their_share
from buildos_box.jobs.rescuer import SUSPECT_AFTER
from buildos_box.jobs.status import Status

PROMOTE_AT_MOST = 500
MINUTE = timedelta(minutes=1)
_ANY_NUMBER = 2**31


@dataclass(frozen=True, slots=True)
class Claimed:
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
    make_ready(tx, now)
    waits, next_due = _waiting(tx)
    if not waits:
        return Claims([], next_due)
    line = _Line(tx, lanes, workers, now, others)
    chosen: list[Row] = []
    while len(chosen) < at_most and (row := line.take()) is not None:
        if row["expires_at"] is not None and row["expires_at"] <= to_text(now):
            transitions.cancel(tx, row, reason=EXPIRED, actor="system", now=now)
            continue
        line.started(row)
        chosen.append(row)
    jobs = _lease(tx, chosen, new_token, worker, until=now + lease, now=now) if chosen else []
    return Claims(jobs, min(filter(None, (next_due, line.reopens_at)), default=None))


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


def running(tx: Tx) -> Running:
    """The running jobs by lane and user, counted in the job store."""
    now_running = Running()
    for lane, user, count, suspects in tx.execute(
        """SELECT lane, user_id, count(*), sum(losses >= ?) FROM queue_jobs
            WHERE status = 'processing' GROUP BY lane, user_id""",
        (SUSPECT_AFTER,),
    ):
        now_running.add(lane, user, count)
        now_running.suspects += suspects
    return now_running


@dataclass(frozen=True, slots=True)
class Shut:
    """Lanes and job types that may not start now, and when the first lane may again."""

    lanes: frozenset[str]
    types: tuple[str, ...]
    reopens_at: Instant | None


def find_closed_lanes(tx: Tx, lanes: Mapping[str, Lane], now: Instant) -> Shut:
    """Lanes and job types that are paused, and lanes that have reached their rate limit."""
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
    """When a lane that has reached its rate limit may start its next job; None if it may now."""
    tx.execute(
        "DELETE FROM lane_starts WHERE lane = ? AND NOT (started_at > ? AND started_at <= ?)",
        (lane.name, to_text(now - MINUTE), to_text(now)),
    )
    starts = tx.all(
        "SELECT started_at FROM lane_starts WHERE lane = ? ORDER BY started_at DESC LIMIT ?",
        (lane.name, lane.per_minute),
    )
    if lane.per_minute is None or len(starts) < lane.per_minute:
        return None
    return from_text(starts[-1]["started_at"]) + MINUTE


_ALL_OF_LANE = """SELECT id, queue_job_id, job_type, lane, user_id, status, priority, attempts,
                         deferred, max_attempts, scheduled_for, expires_at, retry_until, dedup_key,
                         metadata, correlation_id, started_at, losses
                    FROM queue_jobs WHERE ready = 1 AND lane = ?
                   ORDER BY priority, scheduled_for, id LIMIT ?"""
"""The query of nearly every claim: nothing is paused and no user is at their share."""


@lru_cache(maxsize=64)
def _first_of_each(lanes: int) -> str:
    """The same for several lanes: each statement waits for the interpreter, which costs most."""
    return " UNION ALL ".join(["SELECT * FROM (" + _ALL_OF_LANE + ")"] * lanes)  # noqa: S608


class _Line:
    """The next jobs to claim: the most urgent ones of each lane, read a few at a time."""

    def __init__(
        self, tx: Tx, lanes: Mapping[str, Lane], workers: int, now: Instant, others: FairShareCache
    ) -> None:
        self._tx = tx
        self._lanes = lanes
        self._workers = workers
        self._now = now
        self._others = others
        self._running = running(tx)
        self._ahead: dict[str, deque[Row]] = {}
        self._taken: list[int] = []
        self._dry: set[str] = set()
        """Lanes that have no more ready jobs in this transaction."""
        self._full = {lane: users_at_their_share(lanes[lane], self._running) for lane in lanes}
        self._look_at_pauses()

    def _look_at_pauses(self) -> None:
        shut = find_closed_lanes(self._tx, self._lanes, self._now)
        self._closed = shut.lanes
        self._paused_types = shut.types
        self.reopens_at = shut.reopens_at

    def take(self) -> Row | None:
        """The most urgent job that may start now, each returned once; None if there is none."""
        lanes = open_lanes(self._lanes, self._running, self._workers, self._closed)
        if not self._ahead:
            self._read_ahead(lanes)
        heads = [head for lane in lanes if (head := self._head_of(lane)) is not None]
        if not heads:
            return None
        best = heads[0] if len(heads) == 1 else min(heads, key=_urgency)
        self._taken.append(best["id"])
        ahead = self._ahead[best["lane"]]
        if ahead and ahead[0] is best:
            ahead.popleft()
        elif best in ahead:
            ahead.remove(best)
        return best

    def started(self, row: Row) -> None:
        """Count the job as running."""
        lane = self._lanes[row["lane"]]
        if _is_suspect(row):
            self._running.suspects += 1
            for ahead in self._ahead.values():
                _drop_suspects(ahead)
        if self._running.add(lane.name, row["user_id"]) == lane.per_user:
            self._full[lane.name].append(row["user_id"])
        if lane.per_minute:
            self._tx.execute(
                "INSERT OR IGNORE INTO lane_starts (lane, started_at, job_id) VALUES (?, ?, ?)",
                (lane.name, to_text(self._now), row["id"]),
            )
            self._look_at_pauses()

    def _read_ahead(self, lanes: list[Lane]) -> None:
        """Read the first jobs of all lanes that are open in one statement."""
        if not lanes or self._paused_types or self._running.suspects:
            return
        which = [value for lane in lanes for value in (lane.name, lane.concurrency)]
        rows = sorted(self._tx.all(_first_of_each(len(lanes)), which), key=_urgency)
        for lane in lanes:
            self._ahead[lane.name] = deque(row for row in rows if row["lane"] == lane.name)
        self._dry.update(name for name, ahead in self._ahead.items() if not ahead)

    def _head_of(self, lane: Lane) -> Row | None:
        """The lane's most urgent job; one of a user at their share only if no other user waits."""
        if lane.name in self._dry:
            return None
        ahead = self._ahead.setdefault(lane.name, deque())
        if not ahead:
            ahead.extend(self._first(lane, users=[], at_most=lane.concurrency))
        if not ahead:
            self._dry.add(lane.name)
            return None
        head = ahead[0]
        full = self._full[lane.name]
        if head["user_id"] is None or head["user_id"] not in full:
            return head
        for row in ahead:
            if row["user_id"] not in full:
                return row
        if self._others.are_none(lane.name, full):
            return head
        others = self._first(lane, users=full, at_most=1)
        if others:
            return others[0]
        if not self._paused_types and not self._running.suspects:
            self._others.found_none(self._tx, lane.name, full)
        return head

    def _first(self, lane: Lane, *, users: list[str], at_most: int) -> list[Row]:
        """The lane's first ready jobs that were not taken, without paused types and these users."""
        if not (self._taken or users or self._paused_types or self._running.suspects):
            return self._tx.all(_ALL_OF_LANE, (lane.name, at_most))
        return self._tx.all(
            """SELECT id, queue_job_id, job_type, lane, user_id, status, priority, attempts,
                      deferred, max_attempts, scheduled_for, expires_at, retry_until, dedup_key,
                      metadata, correlation_id, started_at, losses
                 FROM queue_jobs
                WHERE ready = 1 AND lane = ? AND losses < ?
                  AND job_type NOT IN (SELECT value FROM json_each(?))
                  AND (user_id IS NULL OR user_id NOT IN (SELECT value FROM json_each(?)))
                  AND id NOT IN (SELECT value FROM json_each(?))
                ORDER BY priority, scheduled_for, id LIMIT ?""",
            (
                lane.name,
                SUSPECT_AFTER if self._running.suspects else _ANY_NUMBER,
                job_store.dump(self._paused_types),
                job_store.dump(users),
                job_store.dump(self._taken),
                at_most,
            ),
        )


def _is_suspect(row: Row) -> bool:
    return bool(row["losses"] >= SUSPECT_AFTER)


def _drop_suspects(ahead: deque[Row]) -> None:
    """Leave out the suspects, which wait for the one that runs."""
    others = [row for row in ahead if not _is_suspect(row)]
    ahead.clear()
    ahead.extend(others)


def _urgency(row: Row) -> tuple[int, str, int]:
    return row["priority"], row["scheduled_for"], row["id"]


def _lease(
    tx: Tx,
    rows: list[Row],
    new_token: Callable[[], str],
    worker: str,
    *,
    until: Instant,
    now: Instant,
) -> list[Claimed]:
    """Lease all of them in a constant number of statements."""
    secret = new_token()
    facts = {
        "ids": job_store.dump([row["id"] for row in rows]),
        "secret": secret,
        "worker": worker,
        "now": to_text(now),
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
    jobs = [
        Claimed(
            row_id=row["id"],
            job_id=row["queue_job_id"],
            job_type=row["job_type"],
            user_id=row["user_id"],
            number=row["attempts"] + 1,
            max_attempts=row["max_attempts"],
            due=row["scheduled_for"],
            dedup_key=row["dedup_key"],
            metadata=row["metadata"],
            correlation_id=row["correlation_id"],
            lease_token=f"{secret}-{row['id']}",
            ran_before=row["started_at"] is not None,
            deferred=row["deferred"],
            retry_until=_instant(row["retry_until"]),
            expires_at=_instant(row["expires_at"]),
        )
        for row in rows
    ]
    job_store.keep_events(
        tx,
        [
            (
                job.row_id,
                "pending",
                "processing",
                attempt_words(job.number, job.deferred, job.max_attempts),
                worker,
                facts["now"],
            )
            for job in jobs
        ],
    )
    tx.announce(JobsChanged(tuple(job.row_id for job in jobs)))
    return jobs


def attempt_words(number: int, deferred: int, max_attempts: int) -> str:
    """Which attempt it is; of how many, unless time has bounded one before it."""
    return f"attempt {number}" if deferred else f"attempt {number} of {max_attempts}"


def _instant(text: str | None) -> Instant | None:
    return from_text(text) if text else None


def _waiting(tx: Tx) -> tuple[bool, Instant | None]:
    """Whether any job is ready, and when the next of the others is due."""
    row = tx.one(
        """SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE ready = 1) AS waits,
                  (SELECT scheduled_for FROM queue_jobs
                    WHERE ready = 0 AND status IN ('pending', 'queued_for_retry')
                    ORDER BY scheduled_for LIMIT 1) AS next_due"""
    )
    return (bool(row["waits"]), _instant(row["next_due"])) if row else (False, None)
