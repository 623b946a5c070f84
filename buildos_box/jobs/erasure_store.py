"""What is erased of a person's jobs: all but the bare fact that they ran."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.jobs.history import roll_up_at_once


def erase_jobs_of(tx: Tx, user_id: str, now: Instant) -> None:
    """Delete steps, errors, reasons, payloads and results; and what is archived of the user."""
    tx.execute(
        "DELETE FROM job_steps WHERE job_id IN (SELECT id FROM queue_jobs WHERE user_id = ?)",
        (user_id,),
    )
    tx.execute(
        """UPDATE job_attempts SET error = NULL, stack = NULL
            WHERE job_id IN (SELECT id FROM queue_jobs WHERE user_id = ?)""",
        (user_id,),
    )
    tx.flush()  # the trail is written with the commit, and is about to be changed
    tx.execute(
        """UPDATE job_events SET reason = 'erased'
            WHERE reason IS NOT NULL AND job_id IN (SELECT id FROM queue_jobs WHERE user_id = ?)""",
        (user_id,),
    )
    tx.execute(
        """UPDATE queue_jobs SET metadata = '{}', result = NULL, error = NULL, progress = NULL,
                  updated_at = ?
            WHERE user_id = ? AND completed_at IS NOT NULL""",
        (to_text(now), user_id),
    )
    tx.execute("DELETE FROM queue_jobs_archive WHERE user_id = ?", (user_id,))
    roll_up_at_once(tx)  # what is added up later would bring the user back
    tx.execute("DELETE FROM queue_history_users WHERE user_id = ?", (user_id,))
