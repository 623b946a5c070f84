"""The SQL of cron runs."""

from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a cron. `status` is running, completed, failed or lost (its process ended)."""

    id: int
    name: str
    due: Instant
    cause: str
    actor: str
    started_at: Instant
    ended_at: Instant | None
    status: str
    summary: Any
    error: str | None


def _run(row: Row) -> Run:
    return Run(
        id=row["id"],
        name=row["name"],
        due=from_text(row["due"]),
        cause=row["cause"],
        actor=row["actor"],
        started_at=from_text(row["started_at"]),
        ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
        status=row["status"],
        summary=msgspec.json.decode(row["summary"]) if row["summary"] else None,
        error=row["error"],
    )


def start(tx: Tx, name: str, due: Instant, cause: str, actor: str, now: Instant) -> int:
    """Start a run and return its id; a run of that cron that is still open becomes lost.

    CronRegistry never runs a cron twice at once, so an open run is one whose end could not be
    written, for example on a full disk.
    """
    tx.execute(
        """UPDATE cron_runs SET status = 'lost', ended_at = ?
            WHERE name = ? AND status = 'running'""",
        (to_text(now), name),
    )
    cursor = tx.execute(
        """INSERT INTO cron_runs (name, due, cause, actor, started_at, status)
           VALUES (?, ?, ?, ?, ?, 'running')""",
        (name, to_text(due), cause, actor, to_text(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def finish(tx: Tx, run_id: int, summary: Any, error: str | None, now: Instant) -> Run:
    """End a run with its summary, or with the error that ended it."""
    tx.execute(
        """UPDATE cron_runs SET ended_at = ?, status = ?, summary = ?, error = ?
            WHERE id = ? AND status = 'running'""",
        (
            to_text(now),
            "failed" if error else "completed",
            None if summary is None else msgspec.json.encode(summary).decode(),
            error,
            run_id,
        ),
    )
    row = tx.one("SELECT * FROM cron_runs WHERE id = ?", (run_id,))
    assert row is not None
    return _run(row)


def close_lost(tx: Tx, now: Instant) -> None:
    """Mark the runs of a previous process that are still open as lost."""
    tx.execute(
        "UPDATE cron_runs SET status = 'lost', ended_at = ? WHERE status = 'running'",
        (to_text(now),),
    )


def delete_before(tx: Tx, before: Instant, limit: int) -> int:
    """Delete at most `limit` runs older than `before`; returns their number."""
    return tx.execute(
        """DELETE FROM cron_runs
            WHERE id IN (SELECT id FROM cron_runs ORDER BY id LIMIT ?) AND started_at < ?""",
        (limit, to_text(before)),
    ).rowcount


async def ran_since(db: Database, name: str, due: Instant) -> bool:
    """Whether a run of the cron that was due at `since` or later has finished."""
    row = await db.one(
        "SELECT 1 FROM cron_runs WHERE name = ? AND due >= ? AND status = 'completed' LIMIT 1",
        (name, to_text(due)),
    )
    return row is not None


async def last_run(db: Database, name: str) -> Run | None:
    """The newest run of that name."""
    row = await db.one("SELECT * FROM cron_runs WHERE name = ? ORDER BY id DESC LIMIT 1", (name,))
    return _run(row) if row else None
