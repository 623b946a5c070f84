"""A data folder with a long past: jobs of several days, written straight into the file."""

import asyncio
from datetime import timedelta
from pathlib import Path

from buildos_box.app import DATABASE_FILE
from buildos_box.clock import SystemClock, to_text
from buildos_box.db import Database
from buildos_box.db.connect import connect_writer

JOBS = 100_000
LIVE = 400
"""The newest so many wait, for a month: nothing runs by itself."""
USERS = 5_000
SECONDS_APART = 2.5
TYPES = (
    ["generate_daily_brief", "llm"], ["generate_brief_email", "email"],
    ["send_notification", "push"], ["send_notification", "push"],
    ["send_push", "push"], ["schedule_daily_sms", "sms"],
    ["send_sms", "sms"], ["send_notification_email", "email"],
)  # fmt: skip
FILL = """
WITH RECURSIVE
    counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT :jobs),
    drawn AS (
        SELECT n, n > :jobs - :live AS lives,
               strftime('%Y-%m-%dT%H:%M:%fZ', :now, printf('-%.3f seconds', (:jobs - n) * :apart))
                   AS at,
               CASE WHEN n > :jobs - :live THEN '["generate_daily_brief","llm"]'
                    ELSE json_extract(:types, printf('$[%d]', n % json_array_length(:types)))
               END AS type,
               CASE WHEN n > :jobs - :live THEN 'pending' WHEN n % 50 = 7 THEN 'failed'
                    WHEN n % 100 = 9 THEN 'cancelled' ELSE 'completed' END AS status
          FROM counted)
INSERT INTO queue_jobs (queue_job_id, user_id, job_type, lane, status, priority, attempts,
                        max_attempts, scheduled_for, created_at, started_at, completed_at,
                        updated_at, metadata, result, error, error_kind, error_code,
                        correlation_id)
SELECT printf('job-%026d', n), printf('user-%04d', n % :users), type ->> 0, type ->> 1, status, 5,
       CASE status WHEN 'completed' THEN 1 WHEN 'failed' THEN 3 ELSE 0 END, 3,
       CASE WHEN lives THEN :later ELSE at END, at,
       CASE WHEN status IN ('completed', 'failed')
            THEN strftime('%Y-%m-%dT%H:%M:%fZ', at, '+0.200 seconds') END,
       CASE WHEN NOT lives THEN strftime('%Y-%m-%dT%H:%M:%fZ', at, '+0.900 seconds') END,
       at, json_object('userId', printf('user-%04d', n % :users), 'briefDate', substr(at, 1, 10)),
       CASE status WHEN 'completed' THEN json_object('source', 'builtin') END,
       CASE status WHEN 'failed' THEN 'the relay refused it: 550 5.1.1 no such user' END,
       CASE status WHEN 'failed' THEN 'permanent' END,
       CASE status WHEN 'failed' THEN 'mail_refused' END,
       printf('corr-%026d', n)
  FROM drawn"""
ATTEMPTS = """
INSERT INTO job_attempts (job_id, number, worker, started_at, ended_at, outcome)
SELECT queue_jobs.id, step.value, 'box-1', started_at, completed_at,
       CASE WHEN step.value < attempts THEN 'retry' ELSE status END
  FROM queue_jobs, json_each('[1,2,3]') AS step WHERE step.value <= attempts"""
EVENTS = """
INSERT INTO job_events (job_id, from_status, to_status, reason, actor, at)
SELECT queue_jobs.id, step.value ->> 0, coalesce(step.value ->> 1, status), 'ran', 'box-1',
       CASE step.key WHEN 2 THEN completed_at ELSE created_at END
  FROM queue_jobs, json_each('[[null,"pending"],["pending","processing"],["processing",null]]')
           AS step
 WHERE step.key = 0 OR (attempts > 0 AND completed_at IS NOT NULL)"""


def user_of(number: int) -> str:
    """Whose job it is; 1 is the oldest."""
    return f"user-{number % USERS:04}"


def job_id(number: int) -> str:
    """The id of a job; 1 is the oldest."""
    return f"job-{number:026}"


def fill(data: Path, jobs: int = JOBS, *, apart: float = SECONDS_APART) -> None:
    """Make the data folder and its file, with so many jobs, their attempts and audit trails.

    `apart` is the seconds between two jobs.
    """
    data.mkdir(mode=0o700, parents=True)
    path = data / DATABASE_FILE

    async def make() -> None:
        await (await Database.open(path, SystemClock())).close()

    asyncio.run(make())
    now = SystemClock().now()
    db = connect_writer(path)
    db.execute("BEGIN IMMEDIATE")
    types = ",".join(f'["{name}","{lane}"]' for name, lane in TYPES)
    facts = {"jobs": jobs, "live": LIVE, "apart": apart, "users": USERS, "types": f"[{types}]"}
    times = {"now": to_text(now), "later": to_text(now + timedelta(days=30))}
    db.execute(FILL, {**facts, **times})
    db.execute(ATTEMPTS)
    db.execute(EVENTS)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
