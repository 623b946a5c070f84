"""The table of answers that a repeated request gets again."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row, Tx


def answered(tx: Tx, token_id: str, key: str) -> Row | None:
    """What was asked under that key, and what was answered."""
    return tx.one(
        "SELECT request, answer FROM answered_requests WHERE token_id = ? AND key = ?",
        (token_id, key),
    )


def keep(tx: Tx, token_id: str, key: str, request: str, answer: str, now: Instant) -> None:
    """Keep an answer."""
    tx.execute(
        """INSERT INTO answered_requests (token_id, key, request, answer, at)
           VALUES (?, ?, ?, ?, ?)""",
        (token_id, key, request, answer, to_text(now)),
    )


def forget_before(tx: Tx, then: Instant) -> None:
    """Forget what was answered before then."""
    tx.execute("DELETE FROM answered_requests WHERE at < ?", (to_text(then),))
