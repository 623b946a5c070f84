"""The reads behind the queue's throughput."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row
from buildos_box.jobs.job_store import dump

LATEST = 200
"""How many of the newest completed jobs of a type the median is computed from."""


async def ended_by_minute(db: Database, types: list[str], since: Instant) -> list[Row]:
    """The number of jobs of each type that completed and failed in each minute
    (`2024-10-23T08:05`).

    Reads only the index of finished jobs, type by type, so that old jobs cost nothing.
    """
    return await db.all(
        """SELECT j.job_type, j.status, substr(j.completed_at, 1, 16) AS minute, count(*) AS count
             FROM json_each(:types) t
             CROSS JOIN json_each('["completed", "failed"]') s
             CROSS JOIN queue_jobs j
            WHERE j.job_type = t.value AND j.status = s.value AND j.completed_at >= :since
              AND j.completed_at IS NOT NULL
            GROUP BY 1, 2, 3""",
        {"types": dump(types), "since": to_text(since)},
    )


async def failing_since(db: Database, job_type: str) -> str | None:
    """When a job of the type failed first since the last one that was done; None if none has."""
    row = await db.one(
        """SELECT min(completed_at) AS since FROM queue_jobs
            WHERE job_type = :type AND status = 'failed' AND completed_at > coalesce(
                  (SELECT max(completed_at) FROM queue_jobs
                    WHERE job_type = :type AND status = 'completed'
                      AND completed_at IS NOT NULL), '')""",
        {"type": job_type},
    )
    return row["since"] if row else None


async def latest_spans(db: Database, job_type: str, since: Instant) -> list[Row]:
    """Start and end of the newest completed jobs of a type."""
    return await db.all(
        """SELECT started_at, completed_at FROM queue_jobs
            WHERE job_type = :type AND status = 'completed' AND completed_at >= :since
              AND started_at IS NOT NULL
            ORDER BY completed_at DESC LIMIT :latest""",
        {"type": job_type, "since": to_text(since), "latest": LATEST},
    )
