"""The SQL of cleanup (docs/spec.md#cleanup)."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.jobs import history_store, job_store

STALE = """completed_at IS NULL AND created_at < :before AND scheduled_for < :before
           AND (status <> 'processing' OR lease_expires_at <= :now)"""

HAS_STALE = f"SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE {STALE})"  # noqa: S608 (constants)


def _bounds(before: Instant, now: Instant, limit: int = 0) -> dict[str, str | int]:
    return {"before": to_text(before), "now": to_text(now), "limit": limit}


async def stale_jobs(db: Database, before: Instant, now: Instant, limit: int) -> list[Row]:
    """Stale jobs, oldest first: live, created and due before `before`, without a valid lease."""
    sql = f"SELECT * FROM queue_jobs WHERE {STALE} ORDER BY id LIMIT :limit"  # noqa: S608
    return await db.all(sql, _bounds(before, now, limit))


async def count_stale(db: Database, before: Instant, now: Instant) -> int:
    """The number of stale jobs."""
    row = await db.one(f"SELECT count(*) FROM queue_jobs WHERE {STALE}", _bounds(before, now))  # noqa: S608
    return int(row[0]) if row else 0


async def has_stale(db: Database, before: Instant, now: Instant) -> bool:
    """Whether there is a stale job.

    Read from the index of live jobs, where `take_stale`, to find the oldest, begins with the oldest
    of all jobs and would read through all of them if none is stale.
    """
    row = await db.one(HAS_STALE, _bounds(before, now))
    return row is not None and bool(row[0])


def take_stale(tx: Tx, before: Instant, now: Instant, limit: int) -> list[Row]:
    """Stale jobs, read in the transaction that will cancel them."""
    sql = f"SELECT * FROM queue_jobs WHERE {STALE} ORDER BY id LIMIT :limit"  # noqa: S608
    return tx.all(sql, _bounds(before, now, limit))


async def count_finished(db: Database, status: str, before: Instant) -> int:
    """The number of jobs that reached that status before `before`."""
    row = await db.one(
        """SELECT count(*) FROM queue_jobs
            WHERE completed_at IS NOT NULL AND status = ? AND completed_at < ?""",
        (status, to_text(before)),
    )
    return int(row[0]) if row else 0


def archive_failed(tx: Tx, job_type: str, before: Instant, now: Instant, limit: int) -> int:
    """Move failed jobs with their attempts and audit trail to the archive; returns their number."""
    tx.flush()
    rows = _finished(tx, job_type, "failed", before, limit)
    for row in rows:
        attempts = tx.all("SELECT * FROM job_attempts WHERE job_id = ? ORDER BY id", (row["id"],))
        events = tx.all("SELECT * FROM job_events WHERE job_id = ? ORDER BY id", (row["id"],))
        tx.execute(
            """INSERT INTO queue_jobs_archive (queue_job_id, user_id, job_type, status, created_at,
                                               completed_at, archived_at, job, attempts, events)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                row["queue_job_id"],
                row["user_id"],
                row["job_type"],
                row["status"],
                row["created_at"],
                row["completed_at"],
                to_text(now),
                job_store.dump(dict(row)),
                job_store.dump([dict(attempt) for attempt in attempts]),
                job_store.dump([dict(event) for event in events]),
            ),
        )
    return _delete(tx, rows)


def delete_finished(tx: Tx, job_type: str, status: str, before: Instant, limit: int) -> int:
    """Delete jobs that reached that status before `before`; returns their number."""
    return _delete(tx, _finished(tx, job_type, status, before, limit))


def _finished(tx: Tx, job_type: str, status: str, before: Instant, limit: int) -> list[Row]:
    return tx.all(
        """SELECT * FROM queue_jobs
            WHERE completed_at IS NOT NULL AND job_type = ? AND status = ? AND completed_at < ?
            ORDER BY completed_at LIMIT ?""",
        (job_type, status, to_text(before), limit),
    )


def _delete(tx: Tx, rows: list[Row]) -> int:
    tx.flush()  # deferred events may belong to these jobs
    for row in rows:
        tx.execute("DELETE FROM queue_jobs WHERE id = ?", (row["id"],))
    history_store.forget_deleted_events(tx)
    return len(rows)


async def finished_types(db: Database) -> list[str]:
    """Every job type that has finished jobs, also types that this program does not know."""
    rows = await db.all("SELECT DISTINCT job_type FROM finished_job_counts WHERE count > 0")
    return [row["job_type"] for row in rows]


async def archived(db: Database, job_id: str) -> Row | None:
    """An archived job by its public id."""
    return await db.by_key("SELECT * FROM queue_jobs_archive WHERE queue_job_id = ?", (job_id,))


async def list_archived(
    db: Database,
    *,
    user_id: str | None,
    types: str | None,
    statuses: str | None,
    text: str | None,
    since: str | None,
    until: str | None,
    before: str | None,
    limit: int,
) -> list[Row]:
    """Archived jobs that match every given filter, newest id first.

    `types` and `statuses` are JSON lists; `before` is a public id.
    """
    return await db.all(
        """SELECT queue_job_id, job FROM queue_jobs_archive
            WHERE (:user_id IS NULL OR user_id = :user_id)
              AND (:types IS NULL OR job_type IN (SELECT value FROM json_each(:types)))
              AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
              AND (:text IS NULL OR instr(lower(job), lower(:text)))
              AND (:since IS NULL OR created_at >= :since)
              AND (:until IS NULL OR created_at < :until)
              AND (:before IS NULL OR queue_job_id < :before)
            ORDER BY queue_job_id DESC LIMIT :limit""",
        {
            "user_id": user_id,
            "types": types,
            "statuses": statuses,
            "text": text,
            "since": since,
            "until": until,
            "before": before,
            "limit": limit,
        },
    )


def is_archived(tx: Tx, job_id: str) -> bool:
    """Whether the job with that public id is in the archive."""
    row = tx.one("SELECT 1 FROM queue_jobs_archive WHERE queue_job_id = ?", (job_id,))
    return row is not None
