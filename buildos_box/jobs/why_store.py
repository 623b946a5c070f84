"""The reads behind `why`."""

from buildos_box.db import Row, Tx
from buildos_box.jobs.record import Facts
from buildos_box.jobs.rescuer import SUSPECT_AFTER


def last_event(tx: Tx, row_id: int) -> Row | None:
    """The newest row of the job's audit trail."""
    tx.flush()
    return tx.one("SELECT * FROM job_events WHERE job_id = ? ORDER BY id DESC LIMIT 1", (row_id,))


def ahead_in_lane(tx: Tx, row: Facts) -> int:
    """How many ready jobs of its lane come before this one."""
    found = tx.one(
        """SELECT count(*) FROM queue_jobs
            WHERE ready = 1 AND lane = :lane
              AND (priority, scheduled_for, id) < (:priority, :scheduled_for, :id)""",
        {name: row[name] for name in ("lane", "priority", "scheduled_for", "id")},
    )
    return int(found[0]) if found else 0


def running_suspect(tx: Tx) -> str | None:
    """The public id of the running job that has lost its worker before, if one runs."""
    row = tx.one(
        "SELECT queue_job_id FROM queue_jobs WHERE status = 'processing' AND losses >= ?",
        (SUSPECT_AFTER,),
    )
    return None if row is None else str(row[0])
