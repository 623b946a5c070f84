"""The table of answers that a repeated request gets again."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx

AT_ONCE = 100
"""Few: whoever asks waits for it."""


def answered(tx: Tx, token_id: str, key: str, since: Instant) -> Row | None:
    """What was asked under that key, and what was answered, if not before then."""
    return tx.one(
        """SELECT request, answer FROM idempotency_keys
            WHERE token_id = ? AND key = ? AND at >= ?""",
        (token_id, key, to_text(since)),
    )


def keep(
    tx: Tx, token_id: str, key: str, *, user_id: str, request: str, answer: str, now: Instant
) -> None:
    """Keep an answer about a user; one that the key had before is forgotten."""
    tx.execute(
        """INSERT INTO idempotency_keys (token_id, key, user_id, request, answer, at)
           VALUES (:token, :key, :user, :request, :answer, :now)
           ON CONFLICT (token_id, key) DO UPDATE SET user_id = excluded.user_id,
                  request = excluded.request, answer = excluded.answer, at = excluded.at""",
        {
            "token": token_id,
            "key": key,
            "user": user_id,
            "request": request,
            "answer": answer,
            "now": to_text(now),
        },
    )


def forget_some_before(tx: Tx, then: Instant) -> None:
    """Forget the oldest of what was answered before then."""
    tx.execute(
        """DELETE FROM idempotency_keys WHERE (token_id, key) IN
           (SELECT token_id, key FROM idempotency_keys WHERE at < ? ORDER BY at LIMIT ?)""",
        (to_text(then), AT_ONCE),
    )
