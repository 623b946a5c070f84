"""The reads behind `why`."""

from buildos_box.db import Row, Tx
from buildos_box.jobs.job_details import Facts
from buildos_box.jobs.job_store import dump
from buildos_box.jobs.rescuer import SUSPECT_AFTER


def last_event(tx: Tx, row_id: int) -> Row | None:
    """The newest row of the job's audit trail."""
    tx.flush()
    return tx.one("SELECT * FROM job_events WHERE job_id = ? ORDER BY id DESC LIMIT 1", (row_id,))


def ahead_in_lane(
    tx: Tx, row: Facts, paused_types: list[str], *, suspects: bool
) -> list[tuple[str | None, int]]:
    """Users and how many ready jobs of theirs come before this one in its lane.

    Without the types that are paused and, unless `suspects`, without jobs that lost their worker.
    """
    found = tx.all(
        """SELECT user_id, count(*) FROM queue_jobs
            WHERE ready = 1 AND lane = :lane
              AND (priority, scheduled_for, id) < (:priority, :scheduled_for, :id)
              AND job_type NOT IN (SELECT value FROM json_each(:paused))
              AND (:suspects OR losses < :suspect_after)
            GROUP BY user_id""",
        {name: row[name] for name in ("lane", "priority", "scheduled_for", "id")}
        | {
            "paused": dump(paused_types),
            "suspects": int(suspects),
            "suspect_after": SUSPECT_AFTER,
        },
    )
    return [(user, int(count)) for user, count in found]


def others_wait(tx: Tx, row: Facts, users: list[str]) -> bool:
    """Whether a job of anybody but these users is ready in the job's lane."""
    found = tx.one(
        """SELECT 1 FROM queue_jobs
            WHERE ready = 1 AND lane = ?
              AND (user_id IS NULL OR user_id NOT IN (SELECT value FROM json_each(?))) LIMIT 1""",
        (row["lane"], dump(users)),
    )
    return found is not None


def running_suspect(tx: Tx) -> str | None:
    """The public id of the running job that has lost its worker before, if one runs."""
    row = tx.one(
        "SELECT queue_job_id FROM queue_jobs WHERE status = 'processing' AND losses >= ?",
        (SUSPECT_AFTER,),
    )
    return None if row is None else str(row[0])
