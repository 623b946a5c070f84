"""The table of calls: who asked what for, how it went, what it cost. Prompts are not kept."""

from dataclasses import asdict, dataclass

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a provider, or the turn to the built-in fallback."""

    job_id: str | None
    user_id: str | None
    correlation_id: str | None
    purpose: str
    provider: str
    model: str
    outcome: str
    http_status: int | None
    tokens_in: int
    tokens_out: int
    cost_usd: float
    latency_ms: int


def record(tx: Tx, call: Call, now: Instant) -> None:
    """Keep a call."""
    tx.execute(
        """INSERT INTO llm_calls (job_id, user_id, correlation_id, purpose, provider, model,
                                  outcome, http_status, tokens_in, tokens_out, cost_usd,
                                  latency_ms, created_at)
           VALUES (:job_id, :user_id, :correlation_id, :purpose, :provider, :model,
                   :outcome, :http_status, :tokens_in, :tokens_out, :cost_usd,
                   :latency_ms, :now)""",
        {**asdict(call), "now": to_text(now)},
    )


async def spent_since(db: Database, since: Instant) -> tuple[float, int]:
    """US dollars and tokens spent since then."""
    row = await db.one(
        """SELECT coalesce(sum(cost_usd), 0.0) AS usd,
                  coalesce(sum(tokens_in + tokens_out), 0) AS tokens
             FROM llm_calls WHERE created_at >= ?""",
        (to_text(since),),
    )
    assert row is not None
    return float(row["usd"]), int(row["tokens"])


async def calls_of(db: Database, job_id: str) -> list[Row]:
    """The calls that a job made, in order."""
    return await db.all("SELECT * FROM llm_calls WHERE job_id = ? ORDER BY id", (job_id,))
