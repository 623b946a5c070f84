"""The SQL of answers to requests with an `Idempotency-Key`."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx

AT_ONCE = 100
"""How many old answers are deleted per request; few, because a client waits for it."""


def answered(tx: Tx, token_id: str, key: str, since: Instant) -> Row | None:
    """The request and answer that are stored under that key, unless older than `since`."""
    return tx.one(
        """SELECT request, answer FROM idempotency_keys
            WHERE token_id = ? AND key = ? AND at >= ?""",
        (token_id, key, to_text(since)),
    )


def keep(
    tx: Tx, token_id: str, key: str, *, user_id: str, request: str, answer: str, now: Instant
) -> None:
    """Store an answer about a user; it replaces an older one of the same key."""
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


def delete_some_before(tx: Tx, then: Instant) -> None:
    """Delete some of the oldest answers from before then."""
    tx.execute(
        """DELETE FROM idempotency_keys WHERE (token_id, key) IN
           (SELECT token_id, key FROM idempotency_keys WHERE at < ? ORDER BY at LIMIT ?)""",
        (to_text(then), AT_ONCE),
    )
