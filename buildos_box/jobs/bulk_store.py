"""The SQL that selects the jobs of a bulk action."""

from collections.abc import Sequence

from buildos_box.db import Database
from buildos_box.jobs.ledger import dump


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
            ORDER BY id""",
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


async def count_in(db: Database, ids: list[str], statuses: Sequence[str]) -> int:
    """How many of these jobs are in one of these states."""
    row = await db.one(
        """SELECT count(*) FROM queue_jobs
            WHERE queue_job_id IN (SELECT value FROM json_each(?))
              AND status IN (SELECT value FROM json_each(?))""",
        (dump(ids), dump(list(statuses))),
    )
    return int(row[0]) if row else 0
