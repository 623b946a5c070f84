"""The SQL of what language models cost by minute and hour (docs/spec.md#queue-history)."""

from buildos_box.clock import Instant
from buildos_box.db import Database, Row, Tx

LEVELS = (3600, 60)
"""Seconds of a stored step, coarsest first."""


def add(
    tx: Tx,
    now: Instant,
    *,
    purpose: str,
    model: str,
    failed: bool,
    tokens: int,
    cost_usd: float,
) -> None:
    """Count a call in its minute and its hour."""
    at = int(now.timestamp())
    tx.executemany(
        """INSERT INTO llm_history (step, start, purpose, model, calls, failed, tokens, cost_usd)
           VALUES (?, ?, ?, ?, 1, ?, ?, ?)
           ON CONFLICT (step, start, purpose, model) DO UPDATE SET
             calls = calls + 1, failed = failed + excluded.failed,
             tokens = tokens + excluded.tokens, cost_usd = cost_usd + excluded.cost_usd""",
        [
            (step, at // step * step, purpose, model, int(failed), tokens, cost_usd)
            for step in LEVELS
        ],
    )


async def between(db: Database, level: int, step: int, first: int, end: int) -> list[Row]:
    """Calls, failed calls, tokens and US dollars by step number, purpose and model."""
    return await db.all(
        """SELECT (start - :first) / :step AS number, purpose, model, sum(calls) AS calls,
                  sum(failed) AS failed, sum(tokens) AS tokens, sum(cost_usd) AS cost_usd
             FROM llm_history
            WHERE step = :level AND start >= :first AND start < :end
            GROUP BY 1, 2, 3 ORDER BY 1""",
        {"level": level, "step": step, "first": first, "end": end},
    )


def forget_before(tx: Tx, minutes_before: Instant, hours_before: Instant) -> None:
    """Delete minutes and hours that are older than that."""
    for step, before in ((60, minutes_before), (3600, hours_before)):
        tx.execute(
            "DELETE FROM llm_history WHERE step = ? AND start < ?", (step, int(before.timestamp()))
        )
