"""The table of cron runs."""

from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a cron. `status` is running, completed, failed or lost (its process died)."""

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
    """Open a run and return its id. One still open is lost: its end could not be written.

    The cron book lets no two of a name run at once; without this, an end that met a full disk
    would keep the cron from ever running again.
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
    """Close a run with its summary, or with the error that ended it."""
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
    """Runs that a dead process left open are lost."""
    tx.execute(
        "UPDATE cron_runs SET status = 'lost', ended_at = ? WHERE status = 'running'",
        (to_text(now),),
    )


def delete_before(tx: Tx, before: Instant, limit: int) -> int:
    """Delete runs older than that, looking at the oldest only; returns how many."""
    return tx.execute(
        """DELETE FROM cron_runs
            WHERE id IN (SELECT id FROM cron_runs ORDER BY id LIMIT ?) AND started_at < ?""",
        (limit, to_text(before)),
    ).rowcount


async def ran_since(db: Database, name: str, due: Instant) -> bool:
    """Whether the cron has finished a run that was due then or later."""
    row = await db.one(
        "SELECT 1 FROM cron_runs WHERE name = ? AND due >= ? AND status = 'completed' LIMIT 1",
        (name, to_text(due)),
    )
    return row is not None


async def last_run(db: Database, name: str) -> Run | None:
    """The newest run of that name."""
    row = await db.one("SELECT * FROM cron_runs WHERE name = ? ORDER BY id DESC LIMIT 1", (name,))
    return _run(row) if row else None
