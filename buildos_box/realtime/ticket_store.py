"""The SQL of tickets: their hashes, until they expire."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Tx


def add(
    tx: Tx, hashed: bytes, *, user_id: str, token_id: str, expires_at: Instant, now: Instant
) -> None:
    """Store a new ticket, and delete expired ones."""
    delete_expired(tx, now)
    tx.execute(
        "INSERT INTO realtime_tickets (hash, user_id, token_id, expires_at) VALUES (?, ?, ?, ?)",
        (hashed, user_id, token_id, to_text(expires_at)),
    )


def count(tx: Tx, token_id: str, now: Instant) -> int:
    """How many tickets of that token can still be used."""
    row = tx.one(
        "SELECT count(*) FROM realtime_tickets WHERE token_id = ? AND expires_at > ?",
        (token_id, to_text(now)),
    )
    return int(row[0]) if row else 0


async def is_waiting(db: Database, hashed: bytes) -> bool:
    """Whether there is such a ticket."""
    row = await db.one("SELECT 1 FROM realtime_tickets WHERE hash = ?", (hashed,))
    return row is not None


def take(tx: Tx, hashed: bytes, *, user_id: str, now: Instant) -> str | None:
    """Use up a user's ticket; returns the id of its token, None if the ticket is not valid."""
    row = tx.one(
        """DELETE FROM realtime_tickets WHERE hash = ? AND user_id = ? AND expires_at > ?
           RETURNING token_id""",
        (hashed, user_id, to_text(now)),
    )
    return row["token_id"] if row else None


def delete_expired(tx: Tx, now: Instant) -> int:
    """Delete expired tickets; returns their number."""
    return tx.execute(
        "DELETE FROM realtime_tickets WHERE expires_at <= ?", (to_text(now),)
    ).rowcount


def erase_tickets_of(tx: Tx, user_id: str) -> None:
    """Delete the user's tickets."""
    tx.execute("DELETE FROM realtime_tickets WHERE user_id = ?", (user_id,))
