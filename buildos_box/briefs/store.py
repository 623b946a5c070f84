"""The SQL of briefs: texts, each user's next run, skipped runs."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.llm.answer_source import Origin

LONGEST_TO_NEXT_RUN = timedelta(days=8)
"""Longer than the time to the next run of any frequency."""


class Finished(Origin, frozen=True, kw_only=True):
    """A brief as it is stored when it is complete."""

    subject: str
    preheader: str
    """The preview line of its mail."""
    sms: str
    """The brief as an SMS, with the sender's name; it is not stored."""
    markdown: str
    named_tasks: list[Any]
    """The tasks that the Markdown names, each with its line."""
    analysis: str
    is_empty: bool = False
    """Whether there is no project, task or event."""
    priority_actions: list[Any]
    counts: dict[str, int]
    sections: list[tuple[str, str, str]]
    """(project id, title, Markdown), in order."""


def begin(
    tx: Tx, brief_id: str, user_id: str, day: date, zone: str, job_id: str, now: Instant
) -> str:
    """Store that the brief of that day is being written, keeping a completed one;
    returns its id.
    """
    row = tx.one(
        """INSERT INTO daily_briefs (id, user_id, brief_date, timezone, generation_status, job_id,
                                     generation_started_at, created_at, updated_at)
           VALUES (:id, :user_id, :day, :zone, 'processing', :job_id, :now, :now, :now)
           ON CONFLICT (user_id, brief_date) DO UPDATE
              SET generation_status = CASE generation_status WHEN 'completed' THEN 'completed'
                                      ELSE 'processing' END,
                  job_id = excluded.job_id, generation_started_at = excluded.generation_started_at,
                  generation_error = NULL, updated_at = excluded.updated_at
           RETURNING id""",
        {
            "id": brief_id,
            "user_id": user_id,
            "day": day.isoformat(),
            "zone": zone,
            "job_id": job_id,
            "now": to_text(now),
        },
    )
    assert row is not None
    return str(row["id"])


def complete(tx: Tx, brief_id: str, done: Finished, zone: str, now: Instant) -> bool:
    """Replace the brief's text by the completed one, which was written for that time zone.

    Returns whether it was complete before: only then it has sections, and mails may wait.
    """
    row = tx.one(
        """UPDATE daily_briefs
              SET generation_status = 'completed', generations = generations + 1,
                  completed_job_id = job_id, timezone = :zone,
                  subject = :subject, summary_content = :markdown, llm_analysis = :analysis,
                  analysis_source = :source, why_built_in = :why,
                  priority_actions = :actions, counts = :counts,
                  named_tasks = :named, preheader = :preheader,
                  tokens_in = :tokens_in, tokens_out = :tokens_out, cost_usd = :cost,
                  generation_completed_at = :now, generation_error = NULL, updated_at = :now
            WHERE id = :id RETURNING generations""",
        {
            "id": brief_id,
            "zone": zone,
            "subject": done.subject,
            "markdown": done.markdown,
            "analysis": done.analysis,
            "source": done.source,
            "why": done.why_built_in,
            "actions": msgspec.json.encode(done.priority_actions).decode(),
            "counts": msgspec.json.encode(done.counts).decode(),
            "named": msgspec.json.encode(done.named_tasks).decode(),
            "preheader": done.preheader,
            "tokens_in": done.tokens_in,
            "tokens_out": done.tokens_out,
            "cost": done.cost_usd,
            "now": to_text(now),
        },
    )
    written_before = row is None or row["generations"] > 1
    if written_before:
        tx.execute("DELETE FROM project_daily_briefs WHERE brief_id = ?", (brief_id,))
    tx.insert_deferred(
        """INSERT INTO project_daily_briefs (brief_id, position, project_id, title, content)
           VALUES""",
        [(brief_id, position, *section) for position, section in enumerate(done.sections)],
    )
    return written_before


def note_failure(tx: Tx, job_id: str, error: str, now: Instant) -> Row | None:
    """After the job failed for good or was cancelled: an unfinished brief becomes failed.

    A completed one stays.

    Returns the brief that the job was writing, None if it had not begun.
    """
    return tx.one(
        """UPDATE daily_briefs
              SET generation_status = CASE generation_status WHEN 'completed' THEN 'completed'
                                      ELSE 'failed' END,
                  generation_error = :error, updated_at = :now
            WHERE job_id = :job_id
           RETURNING *""",
        {"job_id": job_id, "error": error, "now": to_text(now)},
    )


def completed_job(tx: Tx, user_id: str, day: date) -> str | None:
    """The id of the job that completed the brief of that day; None if it is not complete."""
    row = tx.one(
        """SELECT completed_job_id FROM daily_briefs
            WHERE user_id = ? AND brief_date = ? AND generation_status = 'completed'""",
        (user_id, day.isoformat()),
    )
    return row["completed_job_id"] if row else None


def day_of(tx: Tx, brief_id: str) -> date | None:
    """The local day of that brief."""
    row = tx.one("SELECT brief_date FROM daily_briefs WHERE id = ?", (brief_id,))
    return date.fromisoformat(row["brief_date"]) if row else None


async def brief_of(db: Database, user_id: str, day: date) -> Row | None:
    """The brief of that day, completed or not; None if there is none."""
    return await db.by_key(
        "SELECT * FROM daily_briefs WHERE user_id = ? AND brief_date = ?",
        (user_id, day.isoformat()),
    )


async def sections_of(db: Database, brief_id: str) -> list[Row]:
    """The brief's sections in order, one per project."""
    return await db.all(
        "SELECT * FROM project_daily_briefs WHERE brief_id = ? ORDER BY position", (brief_id,)
    )


async def briefs_before(db: Database, user_id: str, before: str | None, limit: int) -> list[Row]:
    """A user's briefs, newest day first; `before` is the last day of the previous page."""
    return await db.all(
        """SELECT * FROM daily_briefs
            WHERE user_id = :user_id AND (:before IS NULL OR brief_date < :before)
            ORDER BY brief_date DESC LIMIT :limit""",
        {"user_id": user_id, "before": before, "limit": limit},
    )


@dataclass(frozen=True, slots=True)
class Due:
    """A user whose next run is near."""

    user_id: str
    notify_at: Instant
    last_reengagement_at: Instant | None


async def due_before(db: Database, horizon: Instant, limit: int) -> list[Due]:
    """Users whose next run is at or before `horizon`, soonest first."""
    rows = await db.all(
        """SELECT user_id, notify_at, last_reengagement_at FROM brief_schedule
            WHERE notify_at IS NOT NULL AND notify_at <= ?
            ORDER BY notify_at LIMIT ?""",
        (to_text(horizon), limit),
    )
    return [_due(row) for row in rows]


async def planned_too_far_ahead(db: Database, now: Instant) -> list[str]:
    """Users whose next run is too far ahead, because the clock that computed it was wrong."""
    rows = await db.all(
        "SELECT user_id FROM brief_schedule WHERE notify_at > ?",
        (to_text(now + LONGEST_TO_NEXT_RUN),),
    )
    return [row["user_id"] for row in rows]


def due_of(tx: Tx, user_id: str) -> Due | None:
    """The user's next run, read in the transaction that acts on it; None if there is none."""
    row = tx.one(
        """SELECT user_id, notify_at, last_reengagement_at FROM brief_schedule
            WHERE user_id = ? AND notify_at IS NOT NULL""",
        (user_id,),
    )
    return _due(row) if row else None


def _due(row: Row) -> Due:
    last = row["last_reengagement_at"]
    return Due(row["user_id"], from_text(row["notify_at"]), from_text(last) if last else None)


def set_next_run(tx: Tx, user_id: str, next_run: Instant | None, now: Instant) -> None:
    """Store when the user's brief is due next; None if never."""
    tx.execute(
        """INSERT INTO brief_schedule (user_id, notify_at, updated_at) VALUES (?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE
              SET notify_at = excluded.notify_at, updated_at = excluded.updated_at""",
        (user_id, to_text(next_run) if next_run else None, to_text(now)),
    )


def note_decision(
    tx: Tx, user_id: str, notify_at: Instant, decision: str, *, reengaged: bool, now: Instant
) -> None:
    """Store what was decided for a run; `reengaged` marks it as the last re-engagement brief."""
    tx.execute(
        """UPDATE brief_schedule
              SET last_decision = :decision, last_notify_at = :notify_at, updated_at = :now,
                  last_reengagement_at = CASE WHEN :reengaged THEN :notify_at
                                         ELSE last_reengagement_at END
            WHERE user_id = :user_id""",
        {
            "user_id": user_id,
            "decision": decision,
            "notify_at": to_text(notify_at),
            "reengaged": int(reengaged),
            "now": to_text(now),
        },
    )


def note_skip(tx: Tx, user_id: str, notify_at: Instant, reason: str, now: Instant) -> None:
    """Store that a run was skipped, and why."""
    tx.execute(
        "INSERT INTO brief_skips (user_id, notify_at, reason, at) VALUES (?, ?, ?, ?)",
        (user_id, to_text(notify_at), reason, to_text(now)),
    )
