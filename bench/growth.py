"""What a claim costs as the job store grows: finished rows behind it, waiting rows before it.

Timed is the claim inside its transaction, without the commit: the fsync at the end is the same
in every state and would only hide growth. The product's own schema, pragmas and functions.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.measure import tell
from bench.sqlite_baseline import USERS
from buildos_box.clock import SystemClock, to_text
from buildos_box.db import Database, Tx
from buildos_box.db.connect import connect_writer
from buildos_box.db.tx import Listeners
from buildos_box.ids import Ids
from buildos_box.jobs import claims, transitions
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.fair_share_cache import FairShareCache
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.queue import Queue

WORKERS = 16
TURNS = 5
WARM_UP = 5
LEASE = timedelta(seconds=60)
COUNT = "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT :rows)"
FINISHED = f"""{COUNT}
INSERT INTO queue_jobs (queue_job_id, user_id, job_type, lane, status, priority, attempts,
                        max_attempts, scheduled_for, created_at, started_at, completed_at,
                        updated_at, metadata, correlation_id)
SELECT printf('job-%023d', n), 'user-' || n % :users, 'bench', 'default', 'completed', 5, 1,
       3, :now, :now, :now, :now, :now, printf('{{"n":%d}}', n), printf('corr-%023d', n)
  FROM counted"""
FINISHED_ATTEMPTS = """
INSERT INTO job_attempts (job_id, number, worker, started_at, ended_at, outcome)
SELECT id, 1, 'bench', :now, :now, 'completed' FROM queue_jobs WHERE completed_at IS NOT NULL"""
FINISHED_EVENTS = """
INSERT INTO job_events (job_id, from_status, to_status, reason, actor, at)
SELECT queue_jobs.id, step.value ->> 0, step.value ->> 1, step.value ->> 1, 'bench', :now
  FROM queue_jobs, json_each('[[null,"pending"],["pending","processing"],
                               ["processing","completed"]]') AS step
 WHERE completed_at IS NOT NULL"""
WAITING = f"""{COUNT}
INSERT INTO queue_jobs (queue_job_id, user_id, job_type, lane, status, ready, priority,
                        max_attempts, scheduled_for, created_at, updated_at, metadata,
                        correlation_id)
SELECT printf('wait-%023d', n), 'user-' || n % :users, 'bench', 'default', 'pending', :ready, 5,
       3, :due, :now, :now, printf('{{"n":%d}}', n), printf('corr-%023d', n)
  FROM counted"""


class Number(Payload, frozen=True):
    n: int


async def _run(_job: Any, _services: Any) -> None:
    """Nothing is run here, only claimed."""


BENCH = JobType(name="bench", payload=Number, run=_run)


@dataclass(frozen=True)
class State:
    """A job store as the bench fills it."""

    name: str
    finished: int = 0
    due: int = 0
    later: int = 0


def states(scale: int) -> list[State]:
    """From empty to a million finished; `scale` divides every count, for a quick look."""
    lakh, million = 100_000 // scale, 1_000_000 // scale
    return [
        State("empty"),
        State(f"{lakh:,} finished", finished=lakh),
        State(f"{million:,} finished", finished=million),
        State(f"{lakh:,} due", due=lakh),
        State(f"{lakh:,} scheduled for later", later=lakh),
    ]


class JobTable:
    """A job store in that state, on one connection."""

    def __init__(self, folder: Path, state: State) -> None:
        path = folder / "growth.sqlite3"

        async def make() -> None:
            await (await Database.open(path, SystemClock())).close()

        asyncio.run(make())
        self.path = path
        self.clock = SystemClock()
        self.ids = Ids()
        self.lanes = {"default": Lane.of("default", WORKERS, WORKERS)}
        self.queue = Queue(clock=self.clock, ids=self.ids, lanes=self.lanes)
        self.queue.register([BENCH])
        self.db = connect_writer(path)
        self._fill(state)
        self.db.close()
        self.db = connect_writer(path)

    def _fill(self, state: State) -> None:
        now = self.clock.now()
        facts = {"users": USERS, "now": to_text(now)}
        self.db.execute("PRAGMA foreign_keys = OFF")
        self.db.execute("BEGIN IMMEDIATE")
        if state.finished:
            self.db.execute(FINISHED, {**facts, "rows": state.finished})
            self.db.execute(FINISHED_ATTEMPTS, facts)
            self.db.execute(FINISHED_EVENTS, facts)
        if state.due:
            more = {"rows": state.due, "ready": 1, "due": to_text(now)}
            self.db.execute(WAITING, {**facts, **more})
        if state.later:
            due = to_text(now + timedelta(days=1))
            self.db.execute(WAITING, {**facts, "rows": state.later, "ready": 0, "due": due})
        self.db.execute("COMMIT")
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def transact(self, work: Any) -> tuple[Any, float]:
        """Run the work as one transaction; its answer, and its seconds without the commit."""
        tx = Tx(self.db, Listeners())
        self.db.execute("BEGIN IMMEDIATE")
        started = time.perf_counter()
        answer = work(tx)
        tx.flush()
        seconds = time.perf_counter() - started
        self.db.execute("COMMIT")
        return answer, seconds

    def claim_time(self, *, at_most: int) -> float:
        """Seconds of one claim of so many jobs, which are added before and completed after."""
        for n in range(at_most):
            self.transact(lambda tx, n=n: self.queue.enqueue(tx, BENCH, Number(n=n), user_id="new"))

        def claim(tx: Tx) -> list[Claimed]:
            return claims.claim(
                tx,
                lanes=self.lanes,
                workers=WORKERS,
                lease=LEASE,
                new_token=self.ids.secret,
                worker="bench",
                now=self.clock.now(),
                at_most=at_most,
                others=FairShareCache(),
            ).jobs

        jobs, seconds = self.transact(claim)
        assert len(jobs) == at_most
        for job in jobs:
            done = transitions.CompletedJob(job.row_id, job.lease_token, None)
            self.transact(lambda tx, done=done: transitions.complete(tx, done, self.clock.now()))
        return seconds

    def analyze(self) -> None:
        """Let SQLite count, and plan anew with what it found."""
        self.db.execute("ANALYZE")
        self.db.close()
        self.db = connect_writer(self.path)


def medians(tables: dict[str, JobTable], samples: int) -> dict[str, dict[str, float]]:
    """Median microseconds of a claim of one job, and of one for every worker, in each state.

    The states take turns, a few claims each, so that what else the machine does hits all alike.
    """
    kinds = {"one": (1, samples), "all": (WORKERS, samples // 4)}
    times: dict[str, dict[str, list[float]]] = {
        name: {kind: [] for kind in kinds} for name in tables
    }
    for _ in range(TURNS):
        for name, held in tables.items():
            for kind, (at_most, count) in kinds.items():
                turn = [held.claim_time(at_most=at_most) for _ in range(WARM_UP + count // TURNS)]
                times[name][kind] += turn[WARM_UP:]
    return {
        name: {kind: statistics.median(found) * 1e6 for kind, found in kinds_of.items()}
        for name, kinds_of in times.items()
    }


def measure(folder: Path, *, scale: int, samples: int) -> dict[str, Any]:
    """The claim's cost in every state, as filled and after ANALYZE."""
    started = time.perf_counter()
    tables = {}
    for number, state in enumerate(states(scale)):
        (folder / str(number)).mkdir()
        tables[state.name] = JobTable(folder / str(number), state)
    figures: dict[str, Any] = {"fill_seconds": time.perf_counter() - started, "samples": samples}
    figures["plain"] = medians(tables, samples)
    for held in tables.values():
        held.analyze()
    figures["analyzed"] = medians(tables, samples)
    for held in tables.values():
        held.db.close()
    return figures


def main() -> None:
    """Every state, told as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--scale", type=int, default=1, help="divide every count by this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(measure(Path(folder), scale=options.scale, samples=options.samples))


if __name__ == "__main__":
    main()
