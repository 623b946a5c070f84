"""The floors: the rows of each job written by plain SQLite on one thread, nothing else done.

`three_commits` makes the three transactions that a durable queue can't do without: added,
claimed, completed. `one_commit_each` puts the three of a job under one commit, `one_transaction`
runs the same statements for all jobs under a single commit.
The statements are those of `jobs/job_store.py`, `jobs/transitions.py` and `jobs/claims.py`, for
one job at a time; `shape` lets the bench hold the rows against those that the queue itself has
written.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from bench.measure import tell
from buildos_box.clock import SystemClock, to_text
from buildos_box.db import Database
from buildos_box.db.connect import connect_writer

USERS = 50
INSERT_JOB = """
INSERT INTO queue_jobs (queue_job_id, user_id, job_type, lane, status, ready, priority,
                        max_attempts, scheduled_for, expires_at, created_at, updated_at,
                        dedup_key, metadata, correlation_id)
VALUES (:queue_job_id, :user_id, 'bench', 'default', 'pending', 1, 5,
        3, :now, NULL, :now, :now, NULL, :metadata, :correlation_id)"""
CLAIM_JOB = """
UPDATE queue_jobs
   SET status = 'processing', ready = 0, attempts = attempts + 1, started_at = :now,
       updated_at = :now, lease_token = :token, lease_expires_at = :now, progress = NULL
 WHERE id = :id"""
INSERT_ATTEMPT = """
INSERT INTO job_attempts (job_id, number, worker, started_at, outcome)
VALUES (:id, 1, 'bench', :now, 'running')"""
COMPLETE_JOB = """
UPDATE queue_jobs
   SET status = 'completed', ready = 0, lease_token = NULL, lease_expires_at = NULL,
       updated_at = :now, completed_at = :now, result = NULL,
       error = NULL, error_kind = NULL, error_code = NULL
 WHERE id = :id AND status = 'processing' AND lease_token = :token"""
END_ATTEMPT = """
UPDATE job_attempts SET ended_at = :now, outcome = 'completed'
 WHERE job_id = :id AND outcome = 'running'"""
INSERT_EVENT = """
INSERT INTO job_events (job_id, from_status, to_status, reason, actor, at)
VALUES (?, ?, ?, ?, ?, ?)"""


def _add(db: sqlite3.Connection, n: int, now: str) -> int:
    facts = {
        "queue_job_id": f"job-{n:023d}",
        "user_id": f"user-{n % USERS}",
        "metadata": f'{{"n":{n}}}',
        "correlation_id": f"corr-{n:023d}",
        "now": now,
    }
    row_id = db.execute(INSERT_JOB, facts).lastrowid
    assert row_id is not None
    db.execute(INSERT_EVENT, (row_id, None, "pending", "enqueued", "system", now))
    return row_id


def _claim(db: sqlite3.Connection, row_id: int, token: str, now: str) -> None:
    facts = {"id": row_id, "token": token, "now": now}
    db.execute(CLAIM_JOB, facts)
    db.execute(INSERT_ATTEMPT, facts)
    db.execute(INSERT_EVENT, (row_id, "pending", "processing", "attempt 1 of 3", "bench", now))


def _complete(db: sqlite3.Connection, row_id: int, token: str, now: str) -> None:
    facts = {"id": row_id, "token": token, "now": now}
    db.execute(COMPLETE_JOB, facts)
    db.execute(END_ATTEMPT, facts)
    db.execute("DELETE FROM job_steps WHERE job_id = ?", (row_id,))
    db.execute(INSERT_EVENT, (row_id, "processing", "completed", "completed", "worker", now))


Commit = Callable[[sqlite3.Connection], AbstractContextManager[None]]


@contextmanager
def _no_commit(_db: sqlite3.Connection) -> Iterator[None]:
    yield


@contextmanager
def _one_commit(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    yield
    db.execute("COMMIT")


def _write_all(db: sqlite3.Connection, jobs: int, step: Commit, job: Commit) -> None:
    now = to_text(SystemClock().now())
    for n in range(jobs):
        token = f"{n:026d}"
        with job(db):
            with step(db):
                row_id = _add(db, n, now)
            with step(db):
                _claim(db, row_id, token, now)
            with step(db):
                _complete(db, row_id, token, now)


def three_commits(db: sqlite3.Connection, jobs: int) -> None:
    """Each job is three transactions at synchronous=FULL."""
    _write_all(db, jobs, _one_commit, _no_commit)


def one_commit_each(db: sqlite3.Connection, jobs: int) -> None:
    """Each job is one transaction at synchronous=FULL."""
    _write_all(db, jobs, _no_commit, _one_commit)


def one_transaction(db: sqlite3.Connection, jobs: int) -> None:
    """All jobs share one transaction."""
    with _one_commit(db):
        _write_all(db, jobs, _no_commit, _no_commit)


FLOORS = {"three": three_commits, "one-each": one_commit_each, "one-for-all": one_transaction}


def open_floor(folder: Path) -> sqlite3.Connection:
    """The product's own schema, opened by the product's own pragmas (FULL, WAL)."""
    path = folder / "floor.sqlite3"

    async def make() -> None:
        await (await Database.open(path, SystemClock())).close()

    asyncio.run(make())
    return connect_writer(path)


def shape(path: Path) -> dict[str, int]:
    """How many rows of each kind the file holds to a job, ids and times left out."""
    db = sqlite3.connect(path)
    found: Counter[str] = Counter()
    for sql in (
        """SELECT 'job', status, attempts, max_attempts, priority, ready, lane, job_type,
                  started_at IS NULL, completed_at IS NULL, lease_token IS NULL,
                  length(queue_job_id), length(correlation_id) FROM queue_jobs""",
        "SELECT 'attempt', number, worker, outcome, ended_at IS NULL FROM job_attempts",
        "SELECT 'event', from_status, to_status, reason, actor FROM job_events",
    ):
        found.update(" ".join(map(str, row)) for row in db.execute(sql))
    db.close()
    jobs = sum(count for kind, count in found.items() if kind.startswith("job "))
    return {kind: count // jobs for kind, count in found.items()}


def measure(folder: Path, *, jobs: int, floor: str) -> dict[str, Any]:
    """One round of that floor: jobs a second, and what it wrote."""
    db = open_floor(folder)
    started = time.perf_counter()
    FLOORS[floor](db, jobs)
    rate = jobs / (time.perf_counter() - started)
    db.close()
    return {"jobs": rate, "shape": shape(folder / "floor.sqlite3")}


def main() -> None:
    """One round, told as a line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--floor", choices=FLOORS, default="three")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(measure(Path(folder), jobs=options.jobs, floor=options.floor))


if __name__ == "__main__":
    main()
