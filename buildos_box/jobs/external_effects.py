"""External effects under idempotency keys: mails, SMS and push messages given to a provider.

The intent is committed under the key before the effect, the outcome after it. A crash in between
leaves the effect in doubt: the next attempt asks the provider whether it happened, if the provider
can be asked (then it happens at most once), and otherwise repeats it under the same key (then it
happens at least once, and the key lets the receiver recognise the repetition).

The rules: docs/spec.md#external-effects.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from buildos_box.clock import to_text
from buildos_box.db import DbContext, Row, Tx
from buildos_box.jobs.attempt import Attempt

Find = Callable[[], Awaitable[str | None]]
OnIntent = Callable[[Tx], None]
OnOutcome = Callable[[Tx, str], None]


async def once(
    context: DbContext,
    job: Attempt[Any],
    *,
    key: str,
    kind: str,
    send: Callable[[], Awaitable[str]],
    look_up: Find | None,
    on_intent: OnIntent | None = None,
    on_outcome: OnOutcome | None = None,
) -> str:
    """Do the external effect `send` unless its outcome is known; returns the provider's id for it.

    `key` is the effect's idempotency key, the same in every attempt, and `kind` what it is (`sms`).
    `look_up` asks the provider for the id of an effect in doubt; None if it cannot be asked, and
    then `send` happens at least once.
    `on_intent` and `on_outcome` run in the transactions that commit the intent and the outcome.
    The outcome is stored even if the attempt has lost its lease meanwhile.

    Raises LeaseLost before anything was sent, and whatever `send`, `look_up` and the two hooks
    raise.
    """
    before = await context.db.write(lambda tx: _intend(tx, context, job, key, kind, on_intent))
    if before is not None and before["state"] == "done":
        return str(before["provider_id"])
    provider_id = await look_up() if before is not None and look_up is not None else None
    if provider_id is None:
        provider_id = await send()
    outcome = provider_id
    await context.db.write(lambda tx: _record_outcome(tx, context, key, outcome, on_outcome))
    return outcome


def _intend(
    tx: Tx, context: DbContext, job: Attempt[Any], key: str, kind: str, on_intent: OnIntent | None
) -> Row | None:
    """Store the intent; returns the row that this key had before, None if it is new."""
    job.ensure_lease(tx)
    added = tx.execute(
        """INSERT INTO effects (key, kind, job_id, state, intent_at)
           VALUES (?, ?, ?, 'intent', ?) ON CONFLICT (key) DO NOTHING""",
        (key, kind, job.job_id, to_text(context.clock.now())),
    )
    before = None
    if added.rowcount != 1:
        before = tx.one("SELECT * FROM effects WHERE key = ?", (key,))
        assert before is not None
        if before["state"] == "done":
            return before
        tx.execute("UPDATE effects SET tries = tries + 1 WHERE key = ?", (key,))
    if on_intent is not None:
        on_intent(tx)
    return before


def _record_outcome(
    tx: Tx, context: DbContext, key: str, provider_id: str, on_outcome: OnOutcome | None
) -> None:
    tx.execute(
        "UPDATE effects SET state = 'done', provider_id = ?, completed_at = ? WHERE key = ?",
        (provider_id, to_text(context.clock.now()), key),
    )
    if on_outcome is not None:
        on_outcome(tx, provider_id)
