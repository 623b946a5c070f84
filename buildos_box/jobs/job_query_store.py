"""Reads of the job store: jobs, attempts, audit trails, counts."""

from typing import Any, NamedTuple

import msgspec

from buildos_box.db import Database, Row, Tx

LONGEST_PAGE = 200
SHORT_PAGE = 20
"""Jobs that are read on the event loop, if an index finds them at once."""
LAST_ROW = 2**63 - 1
_OF_USER, _BEFORE = "user_id = :user_id", "id < :before"
_WITHOUT_FILTERS = frozenset({_OF_USER, _BEFORE})
"""All that is asked of a user's own list when nothing narrows it."""
MOMENTS = (("queue_jobs", "updated_at"), ("cron_runs", "started_at"))
"""Where the queue writes the present instant all the time: a clock that went back shows here."""


async def steps_of(db: Database, row_id: int) -> dict[str, Any]:
    """The steps that earlier attempts of the job saved, by name."""
    rows = await db.all("SELECT step, value FROM job_steps WHERE job_id = ?", (row_id,))
    return {row["step"]: msgspec.json.decode(row["value"]) for row in rows}


async def job_named(db: Database, job_id: str) -> Row | None:
    """The job with that public id; None if the job store has none."""
    return await db.by_key("SELECT * FROM queue_jobs WHERE queue_job_id = ?", (job_id,))


async def present_states(db: Database, row_ids: list[int]) -> list[Row]:
    """The current state of the jobs in these rows, without their metadata."""
    return await db.all(
        """SELECT id, queue_job_id, job_type, user_id, status, progress, attempts, max_attempts,
                  retry_until, scheduled_for, error, correlation_id, updated_at
             FROM queue_jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id""",
        (msgspec.json.encode(row_ids).decode(),),
    )


def rows_in(tx: Tx, row_ids: tuple[int, ...]) -> list[Row]:
    """These rows of the job store, in the order of their ids."""
    return tx.all(
        "SELECT * FROM queue_jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (msgspec.json.encode(row_ids).decode(),),
    )


class EndedWithin(NamedTuple):
    """Jobs of these types that ended in `[since, until)`."""

    types: list[str]
    since: str
    until: str


async def list_jobs(
    db: Database,
    *,
    user_id: str | None = None,
    types: list[str] | None = None,
    statuses: list[str] | None = None,
    text: str | None = None,
    since: str | None = None,
    until: str | None = None,
    ended: EndedWithin | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Row]:
    """Jobs that match every given filter, newest first. An empty list of values matches nothing.

    `since` (inclusive) and `until` (exclusive) bound the time of creation; `before` is a row id.
    """
    filters = {
        _OF_USER: user_id,
        "job_type IN (SELECT value FROM json_each(:types))": types,
        # Few jobs run at a time and have an index of their own, while the job store may be long.
        "id IN (SELECT id FROM queue_jobs WHERE status = 'processing')": (
            True if statuses == ["processing"] else None
        ),
        "status IN (SELECT value FROM json_each(:statuses))": statuses,
        """(instr(lower(metadata), lower(:text)) OR instr(lower(coalesce(error, '')), lower(:text))
            OR queue_job_id = :text OR correlation_id = :text)""": text,
        "created_at >= :since": since,
        "created_at < :until": until,
        # Type by type and state by state, since only so the index of finished jobs serves it.
        """id IN (SELECT j.id FROM json_each(:ended_types) t
                   CROSS JOIN json_each('["completed", "failed", "cancelled"]') s
                   CROSS JOIN queue_jobs j
                   WHERE j.job_type = t.value AND j.status = s.value
                     AND j.completed_at IS NOT NULL AND j.completed_at >= :ended_since
                     AND j.completed_at < :ended_until)""": ended,
        _BEFORE: before,
    }
    wanted = [sql for sql, value in filters.items() if value is not None]
    where = " AND ".join(wanted) or "1"
    if user_id is not None and limit <= SHORT_PAGE and _WITHOUT_FILTERS.issuperset(wanted):
        return await db.few(
            "SELECT * FROM queue_jobs WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (user_id, LAST_ROW if before is None else before, limit),
        )
    return await db.all(
        f"SELECT * FROM queue_jobs WHERE {where} ORDER BY id DESC LIMIT :limit",  # noqa: S608 (constants)
        {
            "user_id": user_id,
            "types": _json_list(types),
            "statuses": _json_list(statuses),
            "text": text,
            "since": since,
            "until": until,
            "ended_types": _json_list(None if ended is None else ended.types),
            "ended_since": ended and ended.since,
            "ended_until": ended and ended.until,
            "before": before,
            "limit": min(limit, LONGEST_PAGE),
        },
    )


def _json_list(values: list[str] | None) -> str | None:
    return None if values is None else msgspec.json.encode(values).decode()


async def attempts_of(db: Database, row_id: int) -> list[Row]:
    """Every attempt of the job, oldest first."""
    return await db.all("SELECT * FROM job_attempts WHERE job_id = ? ORDER BY id", (row_id,))


async def events_of(db: Database, row_id: int) -> list[Row]:
    """The job's audit trail, oldest first."""
    return await db.all("SELECT * FROM job_events WHERE job_id = ? ORDER BY id", (row_id,))


async def counts(db: Database) -> list[Row]:
    """How many jobs of each type are in each status, and how many of them are for later.

    The schema's triggers keep the counts of those that have ended.
    """
    return await db.all(
        """SELECT job_type, status, count(*) AS count,
                  sum(status = 'pending' AND ready = 0) AS scheduled
             FROM queue_jobs WHERE completed_at IS NULL GROUP BY job_type, status
           UNION ALL
           SELECT job_type, status, count, 0 FROM finished_job_counts WHERE count > 0
            ORDER BY 1, 2"""
    )


async def oldest_ready(db: Database) -> str | None:
    """Since when the longest-waiting runnable job has been due; None if none waits.

    Paused jobs are not runnable.
    """
    row = await db.one(
        """SELECT min(scheduled_for) AS oldest FROM queue_jobs
            WHERE ready = 1
              AND lane NOT IN (SELECT name FROM queue_pauses WHERE kind = 'lane')
              AND job_type NOT IN (SELECT name FROM queue_pauses WHERE kind = 'type')
              AND NOT EXISTS (SELECT 1 FROM queue_pauses WHERE kind = 'all')"""
    )
    return row["oldest"] if row else None


async def due_by_lane(db: Database) -> dict[str, Row]:
    """Of each lane with due jobs: their number, the oldest due time, the user with the most."""
    rows = await db.all(
        """WITH due AS (
             SELECT lane, user_id, count(*) AS count, min(scheduled_for) AS oldest
               FROM queue_jobs WHERE ready = 1 GROUP BY lane, user_id)
           SELECT lane, sum(count) AS count, min(oldest) AS oldest,
                  (SELECT user_id FROM due d WHERE d.lane = due.lane AND user_id IS NOT NULL
                    ORDER BY count DESC, user_id LIMIT 1) AS busiest_user,
                  max(iif(user_id IS NULL, 0, count)) AS busiest_user_count
             FROM due GROUP BY lane"""
    )
    return {row["lane"]: row for row in rows}


async def later_by_lane(db: Database) -> dict[tuple[str, str], Row]:
    """By lane and status: how many jobs are not due yet, and when the first of them is."""
    rows = await db.all(
        """SELECT lane, status, count(*) AS count, min(scheduled_for) AS first
             FROM queue_jobs
            WHERE ready = 0 AND status IN ('pending', 'queued_for_retry')
            GROUP BY lane, status"""
    )
    return {(row["lane"], row["status"]): row for row in rows}


def waiting_jobs(tx: Tx, user_id: str, job_type: str, actor: str) -> list[str]:
    """Ids of the user's waiting jobs of a type that this actor enqueued."""
    rows = tx.all(
        """SELECT j.queue_job_id FROM queue_jobs j
            WHERE j.user_id = ? AND j.job_type = ? AND j.completed_at IS NULL
              AND j.status IN ('pending', 'queued_for_retry')
              AND EXISTS (SELECT 1 FROM job_events e
                           WHERE e.job_id = j.id AND e.from_status IS NULL AND e.actor = ?)""",
        (user_id, job_type, actor),
    )
    return [row["queue_job_id"] for row in rows]
