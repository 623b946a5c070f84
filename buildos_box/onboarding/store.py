"""The SQL of onboarding analyses: the newest of each user."""

from msgspec.structs import asdict

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.llm.answer_source import Origin
from buildos_box.workspace import store as workspace


class Finished(Origin, frozen=True, kw_only=True):
    """A finished analysis; `result` is its JSON."""

    user_id: str
    id: str
    job_id: str
    result: str


def complete(tx: Tx, finished: Finished, now: Instant) -> None:
    """Replace the user's analysis, and mark the user as analysed."""
    values = {**asdict(finished), "now": to_text(now)}
    tx.execute(
        """INSERT OR REPLACE INTO onboarding_analysis
               (user_id, id, job_id, result, source, why_built_in, tokens_in, tokens_out,
                cost_usd, completed_at)
           VALUES (:user_id, :id, :job_id, :result, :source, :why_built_in, :tokens_in,
                   :tokens_out, :cost_usd, :now)""",
        values,
    )
    workspace.mark_onboarded(tx, finished.user_id, now)


async def analysis_of(db: Database, user_id: str) -> Row | None:
    """The user's analysis."""
    return await db.by_key("SELECT * FROM onboarding_analysis WHERE user_id = ?", (user_id,))
