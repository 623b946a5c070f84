"""Which job a claim takes next (docs/spec.md#claim-order).

By priority, then due time, then row id, as far as lanes, pauses, rate limits and the users' shares
let it.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Tx
from buildos_box.jobs import job_store, pause_store
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.lanes import Lane, Running, open_lanes, users_at_their_share
from buildos_box.jobs.rescuer import SUSPECT_AFTER

MINUTE = timedelta(minutes=1)
_ANY_NUMBER = 2**31


class Candidate(NamedTuple):
    """A job that waits and is due, by the columns that a claim needs, in their order."""

    priority: int
    scheduled_for: str
    id: int
    queue_job_id: str
    job_type: str
    lane: str
    user_id: str | None
    attempts: int
    deferred: int
    max_attempts: int
    expires_at: str | None
    retry_until: str | None
    dedup_key: str | None
    metadata: str
    correlation_id: str
    started_at: str | None
    losses: int

    @property
    def is_suspect(self) -> bool:
        """Whether it may be what ended its workers (docs/spec.md#lost-workers)."""
        return self.losses >= SUSPECT_AFTER


_COLUMNS = ", ".join(Candidate._fields)
_urgency = itemgetter(0, 1, 2)
"""Priority, due time, row id."""


_Group = tuple[str, str | None, int, int]
"""Lane, user, their running jobs, suspects among them."""


def running(tx: Tx) -> Running:
    """The running jobs by lane and user, counted in the job store."""
    now_running = Running()
    # One row of all, because each row that is fetched gives up Python's lock.
    (groups,) = tx.execute(
        """SELECT json_group_array(json_array(lane, user_id, jobs, suspects))
             FROM (SELECT lane, user_id, count(*) AS jobs, sum(losses >= ?) AS suspects
                     FROM queue_jobs WHERE status = 'processing' GROUP BY lane, user_id)""",
        (SUSPECT_AFTER,),
    ).fetchone()
    for lane, user, count, suspects in msgspec.json.decode(groups, type=list[_Group]):
        now_running.add(lane, user, count)
        now_running.suspects += suspects
    return now_running


@dataclass(frozen=True, slots=True)
class Shut:
    """Lanes and job types that may not start now, and when the first lane may again."""

    lanes: frozenset[str]
    types: tuple[str, ...]
    reopens_at: Instant | None


def find_closed_lanes(
    tx: Tx, lanes: Mapping[str, Lane], now: Instant, *, any_paused: bool = True
) -> Shut:
    """Lanes and job types that are paused, and lanes that have reached their rate limit.

    `any_paused` is False if it is known that nothing is.
    """
    pauses = pause_store.in_force(tx) if any_paused else []
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


_ALL_OF_LANE = f"""SELECT {_COLUMNS} FROM queue_jobs WHERE ready = 1 AND lane = ?
                    ORDER BY priority, scheduled_for, id LIMIT ?"""  # noqa: S608
"""The query of nearly every claim: nothing is paused and no user is at their share."""

_SOME_OF_LANE = f"""
SELECT {_COLUMNS} FROM queue_jobs
 WHERE ready = 1 AND lane = ? AND losses < ?
   AND job_type NOT IN (SELECT value FROM json_each(?))
   AND (user_id IS NULL OR user_id NOT IN (SELECT value FROM json_each(?)))
   AND id NOT IN (SELECT value FROM json_each(?))
 ORDER BY priority, scheduled_for, id LIMIT ?"""  # noqa: S608


@lru_cache(maxsize=64)
def _first_of_each(lanes: int) -> str:
    """The same for several lanes: each statement waits for the interpreter, which costs most."""
    return " UNION ALL ".join(["SELECT * FROM (" + _ALL_OF_LANE + ")"] * lanes)  # noqa: S608


class ClaimOrder:
    """The next jobs to claim: the most urgent ones of each lane, read a few at a time."""

    def __init__(
        self,
        tx: Tx,
        lanes: Mapping[str, Lane],
        workers: int,
        now: Instant,
        others: FairShareCache,
        *,
        any_paused: bool,
    ) -> None:
        self._tx = tx
        self._lanes = lanes
        self._workers = workers
        self._now = now
        self._others = others
        self._any_paused = any_paused
        self._running = running(tx)
        self._ahead: dict[str, deque[Candidate]] = {}
        self._taken: list[int] = []
        self._dry: set[str] = set()
        """Lanes that have no more ready jobs in this transaction."""
        self._full = {lane: users_at_their_share(lanes[lane], self._running) for lane in lanes}
        self._look_at_pauses()

    def _look_at_pauses(self) -> None:
        shut = find_closed_lanes(self._tx, self._lanes, self._now, any_paused=self._any_paused)
        self._closed = shut.lanes
        self._paused_types = shut.types
        self.reopens_at = shut.reopens_at
        self._find_open_lanes()

    def _find_open_lanes(self) -> None:
        found = open_lanes(self._lanes, self._running, self._workers, self._closed)
        self._open = [lane for lane in found if lane.name not in self._dry]

    def take(self) -> Candidate | None:
        """The most urgent job that may start now, each returned once; None if there is none."""
        if not self._ahead:
            self._read_ahead()
        heads = [head for lane in self._open if (head := self._head_of(lane)) is not None]
        if not heads:
            return None
        best = heads[0] if len(heads) == 1 else min(heads, key=_urgency)
        self._taken.append(best.id)
        ahead = self._ahead[best.lane]
        if ahead and ahead[0] is best:
            ahead.popleft()
        elif best in ahead:
            ahead.remove(best)
        return best

    def started(self, job: Candidate) -> None:
        """Count the job as running."""
        lane = self._lanes[job.lane]
        if job.is_suspect:
            self._running.suspects += 1
            for ahead in self._ahead.values():
                _drop_suspects(ahead)
        if self._running.add(lane.name, job.user_id) == lane.per_user and job.user_id:
            self._full[lane.name].append(job.user_id)
        if lane.per_minute:
            self._tx.execute(
                "INSERT OR IGNORE INTO lane_starts (lane, started_at, job_id) VALUES (?, ?, ?)",
                (lane.name, to_text(self._now), job.id),
            )
            self._look_at_pauses()
        elif self._may_close_a_lane(lane):
            self._find_open_lanes()

    def _may_close_a_lane(self, lane: Lane) -> bool:
        """Whether the job that was just started there may leave fewer lanes open."""
        in_lane = self._running.by_lane[lane.name]
        free = self._workers - self._running.total
        return in_lane == 1 or in_lane >= lane.concurrency or free <= len(self._lanes)

    def _read_ahead(self) -> None:
        """Read the first jobs of all lanes that are open in one statement."""
        lanes = self._open
        if not lanes or self._paused_types or self._running.suspects:
            return
        which = [value for lane in lanes for value in (lane.name, self._free_slots(lane))]
        found = map(Candidate._make, self._tx.execute(_first_of_each(len(lanes)), which))
        for lane in lanes:
            self._ahead[lane.name] = deque()
        for job in sorted(found, key=_urgency):
            self._ahead[job.lane].append(job)
        self._dry.update(name for name, ahead in self._ahead.items() if not ahead)
        self._find_open_lanes()

    def _free_slots(self, lane: Lane) -> int:
        """How many jobs of the lane may start at most."""
        in_lane = self._running.by_lane.get(lane.name, 0)
        return min(lane.concurrency - in_lane, self._workers - self._running.total)

    def _head_of(self, lane: Lane) -> Candidate | None:
        """The lane's most urgent job; one of a user at their share only if no other user waits."""
        if lane.name in self._dry:
            return None
        ahead = self._ahead.setdefault(lane.name, deque())
        if not ahead:
            ahead.extend(self._first(lane, users=[], at_most=self._free_slots(lane)))
        if not ahead:
            self._dry.add(lane.name)
            return None
        head = ahead[0]
        full = self._full[lane.name]
        if not full or head.user_id is None or head.user_id not in full:
            return head
        return self._of_another_user(lane, ahead, full) or head

    def _of_another_user(
        self, lane: Lane, ahead: deque[Candidate], full: list[str]
    ) -> Candidate | None:
        """The lane's most urgent job of a user who is not at their share; None if none waits."""
        for job in ahead:
            if job.user_id not in full:
                return job
        if self._others.are_none(lane.name, full):
            return None
        others = self._first(lane, users=full, at_most=1)
        if others:
            return others[0]
        if not self._paused_types and not self._running.suspects:
            self._others.found_none(self._tx, lane.name, full)
        return None

    def _first(self, lane: Lane, *, users: list[str], at_most: int) -> list[Candidate]:
        """The lane's first ready jobs that were not taken, without paused types and these users."""
        if not (self._taken or users or self._paused_types or self._running.suspects):
            return [*map(Candidate._make, self._tx.execute(_ALL_OF_LANE, (lane.name, at_most)))]
        found = self._tx.execute(
            _SOME_OF_LANE,
            (
                lane.name,
                SUSPECT_AFTER if self._running.suspects else _ANY_NUMBER,
                job_store.dump(self._paused_types),
                job_store.dump(users),
                job_store.dump(self._taken),
                at_most,
            ),
        )
        return [*map(Candidate._make, found)]


def _drop_suspects(ahead: deque[Candidate]) -> None:
    """Leave out the suspects, which wait for the one that runs."""
    others = [job for job in ahead if not job.is_suspect]
    ahead.clear()
    ahead.extend(others)
