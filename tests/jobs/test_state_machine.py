"""Whatever happens to the queue, in whatever order, its rules hold (docs/spec.md#queue).

Hypothesis puts together random lives of a queue: enqueue, claim, finish, fail, crash, cancel,
retry, pause, promote, snooze, clock jumps back and forth. After each step every promise is checked
against the job store itself and against a naive model of what must be.
"""

import asyncio
import itertools
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from buildos_box.clock import to_text
from buildos_box.db import Database, Row
from buildos_box.errors import IllegalTransition, LeaseLost
from buildos_box.ids import Ids
from buildos_box.jobs import claims, transitions
from buildos_box.jobs.changes import JobWaits
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.job_type import JobType
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.queue import Queue
from buildos_box.jobs.rescuer import SUSPECT_AFTER, recover_lost
from buildos_box.jobs.retry import Failure, RetryAt
from buildos_box.jobs.transitions import CompletedJob
from tests.clock import ManualClock
from tests.jobs.conftest import Work

LEASE = timedelta(seconds=60)
WORKERS = 4
LANES = {"a": Lane.of("a", 3), "b": Lane.of("b", 2, 1)}
LEGAL = {
    (None, "pending"),
    ("pending", "pending"),
    ("pending", "processing"),
    ("pending", "cancelled"),
    ("processing", "completed"),
    ("processing", "failed"),
    ("processing", "cancelled"),
    ("processing", "queued_for_retry"),
    ("processing", "pending"),
    ("queued_for_retry", "pending"),
    ("queued_for_retry", "cancelled"),
    ("failed", "pending"),
    ("cancelled", "pending"),
}
BUSY = Failure("transient", "busy", "busy", True)


async def nothing(_job: Any, _box: Any) -> None:
    return None


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.held: list[Claimed] = []
        self.stale: list[Claimed] = []
        self.completed: Counter[str] = Counter()

    @initialize()
    def open(self) -> None:
        path = Path(self.folder.name) / "box.sqlite3"
        self.db = self.loop.run_until_complete(Database.open(path, self.clock))
        self.queue = Queue(clock=self.clock, ids=Ids(), lanes=LANES)
        self.types = [
            JobType(name=lane, payload=Work, run=nothing, lane=lane, dedup_key=lambda p: p.key)
            for lane in LANES
        ]
        self.queue.register(self.types)
        self.others = FairShareCache()
        self.db.subscribe(JobWaits, self.others.on_job_waits)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.db.close())
        self.loop.close()
        self.folder.cleanup()

    def write(self, run: Any) -> Any:
        return self.db.write_blocking(run)

    def rows(self, sql: str, *params: Any) -> list[Row]:
        return self.write(lambda tx: tx.all(sql, params))

    @rule(
        lane=st.integers(0, 1),
        key=st.sampled_from([None, "k1", "k2", "k3"]),
        user=st.sampled_from([None, "u1", "u2"]),
        delay=st.integers(-5, 120),
        priority=st.integers(1, 10),
    )
    def enqueue(
        self, lane: int, key: str | None, user: str | None, delay: int, priority: int
    ) -> None:
        due = self.clock.now() + timedelta(seconds=delay)
        self.write(
            lambda tx: self.queue.enqueue(
                tx,
                self.types[lane],
                Work(key=key),
                user_id=user,
                scheduled_for=due,
                priority=priority,
            )
        )

    @rule()
    def claim(self) -> None:
        best = self.naive_best()
        found = self.write(
            lambda tx: claims.claim(
                tx,
                lanes=LANES,
                workers=WORKERS,
                lease=LEASE,
                new_token=Ids().secret,
                worker="w",
                now=self.clock.now(),
                at_most=1,
                others=self.others,
            )
        )
        assert bool(found.jobs) == bool(best)
        assert all(claimed.row_id in best for claimed in found.jobs)
        self.held.extend(found.jobs)

    def naive_best(self) -> set[int]:
        """Which jobs may be claimed now, found the slow and obvious way.

        What was due once stays due, though the clock be set back.
        """
        now = to_text(self.clock.now())
        jobs = self.rows("SELECT * FROM queue_jobs WHERE completed_at IS NULL")
        pauses = {(p["kind"], p["name"]) for p in self.rows("SELECT * FROM queue_pauses")}
        if ("all", "all") in pauses:
            return set()
        running = [j for j in jobs if j["status"] == "processing"]
        suspect_runs = any(j["losses"] >= SUSPECT_AFTER for j in running)
        due = [
            j
            for j in jobs
            if j["status"] in ("pending", "queued_for_retry")
            and (j["scheduled_for"] <= now or j["ready"])
            and ("lane", j["lane"]) not in pauses
            and ("type", j["job_type"]) not in pauses
            and not (suspect_runs and j["losses"] >= SUSPECT_AFTER)
        ]
        free = WORKERS - len(running)
        heads = []
        for lane in LANES.values():
            in_lane = [j for j in running if j["lane"] == lane.name]
            others_idle = [
                o
                for o in LANES
                if o != lane.name
                and ("lane", o) not in pauses
                and not any(j["lane"] == o for j in running)
            ]
            may_start = free > len(others_idle) or (free > 0 and not in_lane)
            if len(in_lane) >= lane.concurrency or not may_start:
                continue
            waiting = [j for j in due if j["lane"] == lane.name]
            held = Counter(j["user_id"] for j in in_lane if j["user_id"])
            fair = [j for j in waiting if held[j["user_id"]] < lane.per_user]
            heads += sorted(fair or waiting, key=urgency)[:1]
        return {j["id"] for j in sorted(heads, key=urgency)[:1]}

    @precondition(lambda self: self.held)
    @rule(data=st.data(), fate=st.sampled_from(["complete", "fail", "retry", "snooze", "crash"]))
    def end(self, data: st.DataObject, fate: str) -> None:
        claimed = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        if fate == "crash":
            self.stale.append(claimed)
            return
        self.settle(claimed, fate)

    def settle(self, claimed: Claimed, fate: str) -> None:
        now = self.clock.now()
        later = now + timedelta(seconds=30)
        row, token = claimed.row_id, claimed.lease_token
        acts: dict[str, Any] = {
            "complete": lambda tx: transitions.complete(tx, CompletedJob(row, token, None), now),
            "fail": lambda tx: transitions.fail(tx, row, token, BUSY, now),
            "retry": lambda tx: transitions.retry_later(tx, row, token, BUSY, RetryAt(later), now),
            "snooze": lambda tx: transitions.give_back(
                tx, row, token, outcome="snoozed", reason="later", at=later, now=now
            ),
        }
        held = self.rows("SELECT lease_token FROM queue_jobs WHERE id = ?", row)
        rightful = held[0]["lease_token"] == token
        try:
            self.write(acts[fate])
        except LeaseLost:
            assert not rightful
        else:
            assert rightful
            if fate == "complete":
                self.completed[claimed.job_id] += 1

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), fate=st.sampled_from(["complete", "fail", "retry", "snooze"]))
    def zombie_writes(self, data: st.DataObject, fate: str) -> None:
        """A worker thought dead wakes and wants to write: only if it still holds its lease."""
        claimed = self.stale.pop(data.draw(st.integers(0, len(self.stale) - 1)))
        self.settle(claimed, fate)

    @rule(seconds=st.sampled_from([-3600, -5, 1, 10, 31, 61, 3600]))
    def clock_jumps(self, seconds: int) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    @rule(every=st.booleans())
    def recover(self, every: bool) -> None:
        now = self.clock.now()
        self.write(
            lambda tx: recover_lost(
                tx,
                now=now,
                all_leases=every,
                base=timedelta(seconds=1),
                entry_of=lambda _job_type: None,
            )
        )

    @rule(data=st.data(), act=st.sampled_from(["cancel", "retry", "promote"]))
    def steer(self, data: st.DataObject, act: str) -> None:
        jobs = self.rows("SELECT queue_job_id FROM queue_jobs ORDER BY id")
        if not jobs:
            return
        job_id = jobs[data.draw(st.integers(0, len(jobs) - 1))]["queue_job_id"]
        acts: dict[str, Any] = {
            "cancel": lambda tx: self.queue.cancel(tx, job_id, reason="no", actor="me"),
            "retry": lambda tx: self.queue.retry(tx, job_id, actor="me"),
            "promote": lambda tx: self.queue.promote(tx, job_id, actor="me"),
        }
        try:
            self.write(acts[act])
        except IllegalTransition:
            pass
        else:
            if act == "retry":
                self.completed[job_id] = 0

    @rule(
        pause=st.booleans(),
        what=st.sampled_from([("lane", "a"), ("lane", "b"), ("type", "a"), ("all", "all")]),
    )
    def pause_or_resume(self, pause: bool, what: tuple[Any, str]) -> None:
        if pause:
            self.write(lambda tx: self.queue.pause(tx, *what, actor="me"))
        else:
            self.write(lambda tx: self.queue.resume(tx, *what))

    @invariant()
    def at_most_one_live_job_has_a_key(self) -> None:
        keys = self.rows(
            """SELECT dedup_key FROM queue_jobs
                WHERE completed_at IS NULL AND dedup_key IS NOT NULL
                GROUP BY dedup_key HAVING count(*) > 1"""
        )
        assert keys == []

    @invariant()
    def every_running_job_has_one_lease_and_one_running_attempt(self) -> None:
        wrong = self.rows(
            """SELECT j.id FROM queue_jobs j
                WHERE (j.status = 'processing') <> (SELECT count(*) = 1 FROM job_attempts a
                       WHERE a.job_id = j.id AND a.outcome = 'running')"""
        )
        tokens = self.rows(
            """SELECT lease_token FROM queue_jobs WHERE lease_token IS NOT NULL
                GROUP BY lease_token HAVING count(*) > 1"""
        )
        assert (wrong, tokens) == ([], [])

    @invariant()
    def attempts_never_exceed_the_maximum(self) -> None:
        assert self.rows("SELECT id FROM queue_jobs WHERE attempts > max_attempts") == []

    @invariant()
    def lanes_and_workers_keep_their_limits(self) -> None:
        running = self.rows(
            "SELECT lane, count(*) AS n FROM queue_jobs WHERE status = 'processing' GROUP BY lane"
        )
        counts = {row["lane"]: int(row["n"]) for row in running}
        assert sum(counts.values()) <= WORKERS
        assert all(counts.get(lane.name, 0) <= lane.concurrency for lane in LANES.values())

    @invariant()
    def the_audit_trail_agrees_with_the_state(self) -> None:
        for job in self.rows("SELECT id, status FROM queue_jobs"):
            trail = self.rows(
                "SELECT from_status, to_status FROM job_events WHERE job_id = ? ORDER BY id",
                job["id"],
            )
            steps = [(step["from_status"], step["to_status"]) for step in trail]
            assert set(steps) <= LEGAL
            assert steps[-1][1] == job["status"]
            for before, after in itertools.pairwise(steps):
                assert before[1] == after[0]

    @invariant()
    def the_kept_counts_of_finished_jobs_are_right(self) -> None:
        kept = self.rows(
            "SELECT job_type, status, count FROM finished_job_counts WHERE count <> 0 ORDER BY 1, 2"
        )
        counted = self.rows(
            """SELECT job_type, status, count(*) AS count FROM queue_jobs
                WHERE completed_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"""
        )
        assert [tuple(row) for row in kept] == [tuple(row) for row in counted]

    @invariant()
    def nothing_completes_twice(self) -> None:
        assert all(count <= 1 for count in self.completed.values())

    @invariant()
    def no_job_is_stuck(self) -> None:
        """Every live job is running under a lease, or waits where a claim will find it."""
        lost = self.rows(
            """SELECT id FROM queue_jobs
                WHERE completed_at IS NULL AND status <> 'processing'
                  AND id NOT IN (SELECT id FROM queue_jobs WHERE ready = 1)
                  AND id NOT IN (SELECT id FROM queue_jobs WHERE ready = 0
                                  AND status IN ('pending', 'queued_for_retry'))"""
        )
        assert lost == []


def urgency(job: Row) -> tuple[int, str, int]:
    return job["priority"], job["scheduled_for"], job["id"]


QueueMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)
TestQueueMachine = QueueMachine.TestCase
