"""The SQL of alerts: how jobs ended recently, and which alerts have been raised."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.jobs.job_store import dump


async def finished_since(db: Database, since: Instant) -> list[Row]:
    """By job type: how many jobs ended since `since`, how many of them failed, and their error
    codes.

    The index yields the types one after the other, since reading every finished job each minute
    would be too slow.
    """
    return await db.all(
        """WITH RECURSIVE finished_type (name) AS (
             SELECT min(job_type) FROM queue_jobs WHERE completed_at IS NOT NULL
             UNION ALL
             SELECT (SELECT min(job_type) FROM queue_jobs
                      WHERE completed_at IS NOT NULL AND job_type > name)
               FROM finished_type WHERE name IS NOT NULL)
           SELECT job_type, count(*) AS finished, sum(status = 'failed') AS failed,
                  coalesce(group_concat(DISTINCT error_code), '') AS codes
             FROM queue_jobs
            WHERE completed_at IS NOT NULL AND status IN ('completed', 'failed')
              AND job_type IN (SELECT name FROM finished_type)
              AND completed_at >= ?
            GROUP BY job_type""",
        (to_text(since),),
    )


def note(tx: Tx, kind: str, at: str, repeat_before: str) -> bool:
    """Store the alert; True if it is new, or was last raised before `repeat_before`."""
    cursor = tx.execute(
        """INSERT INTO queue_alerts (kind, raised_at) VALUES (?, ?)
           ON CONFLICT (kind) DO UPDATE SET raised_at = excluded.raised_at
            WHERE raised_at <= ?""",
        (kind, at, repeat_before),
    )
    return cursor.rowcount == 1


def forget_others(tx: Tx, kinds: list[str]) -> None:
    """Delete alerts that no longer apply, so that they are raised again if they come back."""
    tx.execute(
        "DELETE FROM queue_alerts WHERE kind NOT IN (SELECT value FROM json_each(?))",
        (dump(kinds),),
    )
