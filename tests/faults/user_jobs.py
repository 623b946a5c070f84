"""People with something to do, and what the job store tells of them afterwards."""

import sqlite3
from typing import Any

from tests.faults.box_process import BoxProcess

Json = dict[str, Any]
BRIEF_JOBS = ("generate_daily_brief", "generate_brief_email")
"""A brief also notifies of itself; these are the jobs that must not be done twice."""


def with_a_task(*names: str) -> Json:
    """A `POST /sync` document: each has a project and a task, so that a brief asks for thought."""
    return {
        "users": [
            {"id": name, "email": f"{name}@example.org", "name": name, "timezone": "UTC"}
            for name in names
        ],
        "projects": [
            {"id": f"p-{name}", "userId": name, "name": f"Garden of {name}"} for name in names
        ],
        "tasks": [
            {
                "id": f"t-{name}",
                "projectId": f"p-{name}",
                "title": "Plant beans",
                "status": "in_progress",
            }
            for name in names
        ],
    }


def job_row(box: BoxProcess, job_id: str) -> sqlite3.Row:
    (row,) = box.rows("SELECT * FROM queue_jobs WHERE queue_job_id = ?", job_id)
    return row


def mail_of(box: BoxProcess, user_id: str) -> Json:
    """The user's only mail; empty while there is none."""
    rows = box.rows("SELECT * FROM emails WHERE user_id = ?", user_id)
    assert len(rows) < 2
    return dict(rows[0]) if rows else {"status": None}


def live(box: BoxProcess) -> int:
    """How many jobs are not finished."""
    return int(box.rows("SELECT count(*) FROM queue_jobs WHERE completed_at IS NULL")[0][0])
