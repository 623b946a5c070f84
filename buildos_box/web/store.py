"""The SQL of sign-in links that were not used yet."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx

_WAITING = "SELECT * FROM sign_in_links WHERE hash = ? AND expires_at > ?"


def add(
    tx: Tx, hashed: bytes, *, user_id: str, issued_by: str | None, expires_at: Instant, now: Instant
) -> None:
    """Store a link, and delete expired ones; `issued_by` is None for one that was mailed."""
    tx.execute("DELETE FROM sign_in_links WHERE expires_at <= ?", (to_text(now),))
    tx.execute(
        "INSERT INTO sign_in_links (hash, user_id, issued_by, expires_at) VALUES (?, ?, ?, ?)",
        (hashed, user_id, issued_by, to_text(expires_at)),
    )


async def waiting(db: Database, hashed: bytes, now: Instant) -> Row | None:
    """The link, if it can still be used."""
    return await db.one(_WAITING, (hashed, to_text(now)))


def take(tx: Tx, hashed: bytes, now: Instant) -> Row | None:
    """Use the link up; None if it cannot be used any more."""
    row = tx.one(_WAITING, (hashed, to_text(now)))
    tx.execute("DELETE FROM sign_in_links WHERE hash = ?", (hashed,))
    return row
