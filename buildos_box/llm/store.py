"""The SQL of calls to language models.

Prompts and answers are stored only with `llm.store_prompts`.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.llm import history_store
from buildos_box.llm.changes import LlmAlert
from buildos_box.operator_alert import OperatorAlert

ALERT_AGAIN = timedelta(hours=24)


def day_start(now: Instant) -> Instant:
    """The UTC midnight at which the current budget began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a provider, or the use of the built-in fallback."""

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


@dataclass(frozen=True, slots=True)
class Said:
    """The full texts of a question and its answer."""

    system: str
    turns: str
    answer: str


def record(
    tx: Tx,
    call: Call,
    now: Instant,
    *,
    alert: LlmAlert | None = None,
    said: Said | None = None,
) -> None:
    """Store a call, and its texts if that is configured; announce an alert that is new."""
    call_id = tx.execute(
        """INSERT INTO llm_calls (job_id, user_id, correlation_id, purpose, provider, model,
                                  outcome, http_status, tokens_in, tokens_out, cost_usd,
                                  latency_ms, created_at)
           VALUES (:job_id, :user_id, :correlation_id, :purpose, :provider, :model,
                   :outcome, :http_status, :tokens_in, :tokens_out, :cost_usd,
                   :latency_ms, :now)""",
        {**asdict(call), "now": to_text(now)},
    ).lastrowid
    if call.outcome != "builtin":
        history_store.add(
            tx,
            now,
            purpose=call.purpose,
            model=f"{call.provider}:{call.model}",
            failed=call.outcome != "ok",
            tokens=call.tokens_in + call.tokens_out,
            cost_usd=call.cost_usd,
        )
    if said is not None:
        tx.execute(
            """INSERT INTO llm_prompts (call_id, system, turns, answer)
               VALUES (:call_id, :system, :turns, :answer)""",
            {**asdict(said), "call_id": call_id},
        )
    if alert is not None:
        announce_alert(tx, alert, now)


def _is_new(tx: Tx, alert: LlmAlert, now: Instant) -> bool:
    """Whether the alert is new: each is raised once a day."""
    again = day_start(now) if alert.once_a_day else now - ALERT_AGAIN
    return (
        tx.execute(
            """INSERT INTO llm_alerts (kind, alerted_at) VALUES (:kind, :now)
               ON CONFLICT (kind) DO UPDATE SET alerted_at = :now WHERE alerted_at < :again""",
            {"kind": alert.kind, "now": to_text(now), "again": to_text(again)},
        ).rowcount
        == 1
    )


_SPENT = """
SELECT coalesce(sum(cost_usd), 0.0) AS usd, coalesce(sum(tokens_in + tokens_out), 0) AS tokens
  FROM llm_calls WHERE created_at >= ?"""


async def spent_since(db: Database, since: Instant) -> tuple[float, int]:
    """US dollars and tokens spent since then."""
    row = await db.one(_SPENT, (to_text(since),))
    assert row is not None
    return float(row["usd"]), int(row["tokens"])


async def spent_by_since(db: Database, user_id: str, since: Instant) -> tuple[float, int]:
    """US dollars and tokens spent for that user since then."""
    row = await db.one(
        """SELECT coalesce(sum(cost_usd), 0.0) AS usd,
                  coalesce(sum(tokens_in + tokens_out), 0) AS tokens
             FROM llm_calls WHERE user_id = ? AND created_at >= ?""",
        (user_id, to_text(since)),
    )
    assert row is not None
    return float(row["usd"]), int(row["tokens"])


def spent_today(tx: Tx, now: Instant) -> tuple[float, int]:
    """US dollars and tokens spent of the current budget, as this transaction sees it."""
    row = tx.one(_SPENT, (to_text(day_start(now)),))
    assert row is not None
    return float(row["usd"]), int(row["tokens"])


def announce_alert(tx: Tx, alert: LlmAlert, now: Instant) -> None:
    """Announce an alert if it is new."""
    if _is_new(tx, alert, now):
        tx.announce(OperatorAlert(alert.kind, alert.message))


async def usage(db: Database, since: Instant, until: Instant) -> list[Row]:
    """Calls, tokens and dollars by UTC day, user, purpose, provider and model."""
    return await db.all(
        """SELECT substr(created_at, 1, 10) AS day, user_id, purpose, provider, model,
                  count(*) AS calls, sum(outcome = 'ok') AS ok,
                  sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
                  sum(cost_usd) AS cost_usd
             FROM llm_calls
            WHERE created_at >= ? AND created_at < ? AND outcome <> 'builtin'
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5""",
        (to_text(since), to_text(until)),
    )


def erase_calls_of(tx: Tx, user_id: str) -> None:
    """Delete the texts of the user's prompts; the costs of their calls stay, without the user."""
    tx.execute(
        "DELETE FROM llm_prompts WHERE call_id IN (SELECT id FROM llm_calls WHERE user_id = ?)",
        (user_id,),
    )
    tx.execute("UPDATE llm_calls SET user_id = NULL WHERE user_id = ?", (user_id,))
