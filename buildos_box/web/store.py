"""The SQL of sign-in links that were not used yet."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx


def add(tx: Tx, hashed: bytes, user_id: str, expires_at: Instant, now: Instant) -> None:
    """Store a link, and delete expired ones."""
    tx.execute("DELETE FROM sign_in_links WHERE expires_at <= ?", (to_text(now),))
    tx.execute(
        "INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES (?, ?, ?)",
        (hashed, user_id, to_text(expires_at)),
    )


def take(tx: Tx, hashed: bytes, now: Instant) -> str | None:
    """The user of that link, which is used up; None if it is unknown or expired."""
    row = tx.one("SELECT user_id, expires_at FROM sign_in_links WHERE hash = ?", (hashed,))
    if row is None:
        return None
    tx.execute("DELETE FROM sign_in_links WHERE hash = ?", (hashed,))
    return str(row["user_id"]) if to_text(now) < row["expires_at"] else None
