"""The SQL that selects the jobs of a bulk action."""

from collections.abc import Sequence

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database
from buildos_box.jobs.job_store import dump


async def matching(
    db: Database,
    works_on: Sequence[str],
    *,
    types: list[str] | None,
    statuses: list[str] | None,
    user_id: str | None,
    lane: str | None,
    created_before: str | None,
    errors: list[str] | None,
) -> list[str]:
    """Ids of the jobs that match every condition given and are in a state the action works on."""
    rows = await db.all(
        """SELECT queue_job_id FROM queue_jobs
            WHERE status IN (SELECT value FROM json_each(:works_on))
              AND (:types IS NULL OR job_type IN (SELECT value FROM json_each(:types)))
              AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
              AND (:user_id IS NULL OR user_id = :user_id)
              AND (:lane IS NULL OR lane = :lane)
              AND (:errors IS NULL OR error_code IN (SELECT value FROM json_each(:errors)))
              AND (:created_before IS NULL OR created_at < :created_before)
            ORDER BY id DESC""",
        {
            "works_on": dump(list(works_on)),
            "types": None if types is None else dump(types),
            "statuses": None if statuses is None else dump(statuses),
            "user_id": user_id,
            "lane": lane,
            "created_before": created_before,
            "errors": None if errors is None else dump(errors),
        },
    )
    return [row["queue_job_id"] for row in rows]


async def count_possible(
    db: Database, ids: list[str], statuses: Sequence[str], *, retry: bool, now: Instant
) -> int:
    """How many of these jobs the action would change: those in one of these states.

    For a retry, by the rules of `transitions.try_again`: not one that has expired, and one job of
    each dedup key that no live job has.
    """
    row = await db.one(
        """SELECT count(DISTINCT iif(:retry, coalesce(dedup_key, queue_job_id), queue_job_id))
             FROM queue_jobs AS job
            WHERE queue_job_id IN (SELECT value FROM json_each(:ids))
              AND status IN (SELECT value FROM json_each(:statuses))
              AND (NOT :retry OR (
                   (expires_at IS NULL OR expires_at > :now)
                   AND NOT EXISTS (SELECT 1 FROM queue_jobs AS twin
                                    WHERE twin.dedup_key = job.dedup_key
                                      AND twin.completed_at IS NULL AND twin.id <> job.id)))""",
        {
            "ids": dump(ids),
            "statuses": dump(list(statuses)),
            "retry": int(retry),
            "now": to_text(now),
        },
    )
    return int(row[0]) if row else 0


async def newest_first(db: Database, ids: list[str]) -> list[str]:
    """These ids, those of newer jobs first; ids of no job last."""
    rows = await db.all(
        """SELECT queue_job_id FROM queue_jobs
            WHERE queue_job_id IN (SELECT value FROM json_each(?)) ORDER BY id DESC""",
        (dump(ids),),
    )
    known = [str(row["queue_job_id"]) for row in rows]
    return [*known, *sorted(set(ids) - set(known))]
