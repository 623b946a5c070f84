"""The SQL of codes that confirm mail addresses."""

from dataclasses import dataclass

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A code that was sent to a user's address, and the number of wrong tries."""

    user_id: str
    id: str
    address: str
    tries: int
    expires_at: Instant


def _of(row: Row) -> Confirmation:
    return Confirmation(
        user_id=row["user_id"],
        id=row["id"],
        address=row["address"],
        tries=row["tries"],
        expires_at=from_text(row["expires_at"]),
    )


_SELECT = "SELECT * FROM email_confirmations WHERE user_id = ?"


def find(tx: Tx, user_id: str) -> Confirmation | None:
    """The user's open confirmation."""
    row = tx.one(_SELECT, (user_id,))
    return _of(row) if row else None


async def get(db: Database, user_id: str) -> Confirmation | None:
    """The user's open confirmation."""
    row = await db.one(_SELECT, (user_id,))
    return _of(row) if row else None


def begin(tx: Tx, user_id: str, confirmation_id: str, address: str, expires_at: Instant) -> None:
    """Store a code; it replaces an earlier one."""
    tx.execute(
        """INSERT INTO email_confirmations (user_id, id, address, expires_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, address = excluded.address,
                  tries = 0, expires_at = excluded.expires_at""",
        (user_id, confirmation_id, address, to_text(expires_at)),
    )


def count_try(tx: Tx, user_id: str) -> None:
    """Count a wrong code."""
    tx.execute("UPDATE email_confirmations SET tries = tries + 1 WHERE user_id = ?", (user_id,))


def close(tx: Tx, user_id: str) -> None:
    """Delete the code: the address is confirmed, or is no longer the user's."""
    tx.execute("DELETE FROM email_confirmations WHERE user_id = ?", (user_id,))
