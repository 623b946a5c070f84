"""The reads of the queue behind `GET /metrics`."""

import json

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row

PAGE = 5000


async def last_attempt_before(db: Database, since: Instant) -> int:
    """The id of the newest attempt that began before `before`; 0 if there is none."""
    row = await db.one("SELECT max(id) AS id FROM job_attempts WHERE started_at < ?",
                       (to_text(since),))  # fmt: skip
    return int(row["id"] or 0) if row else 0


async def attempts_after(db: Database, attempt_id: int, running: set[int]) -> list[Row]:
    """A page of attempts newer than `after`, and those of `running` that still exist, by id.

    `seconds` is the duration of an attempt that has ended.
    """
    return await db.all(
        """SELECT a.id, j.job_type, a.outcome,
                  (julianday(a.ended_at) - julianday(a.started_at)) * 86400.0 AS seconds
             FROM job_attempts a JOIN queue_jobs j ON j.id = a.job_id
            WHERE a.id IN (SELECT value FROM json_each(:running))
               OR a.id IN (SELECT id FROM job_attempts WHERE id > :after ORDER BY id LIMIT :page)
            ORDER BY a.id""",
        {"running": json.dumps(sorted(running)), "after": attempt_id, "page": PAGE},
    )


async def effects(db: Database) -> list[Row]:
    """The number of external effects of each kind and state."""
    return await db.all("SELECT kind, state, count(*) AS count FROM effects GROUP BY kind, state")


async def running_by_lane(db: Database) -> dict[str, int]:
    """The number of running jobs in each lane."""
    rows = await db.all(
        "SELECT lane, count(*) AS running FROM queue_jobs WHERE status = 'processing' GROUP BY lane"
    )
    return {row["lane"]: row["running"] for row in rows}


async def cron_outcomes(db: Database) -> list[Row]:
    """The last run of each cron."""
    return await db.all(
        """SELECT name, status, max(started_at) AS started_at FROM cron_runs
            WHERE status <> 'running' GROUP BY name"""
    )
