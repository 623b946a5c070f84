"""The SQL of chat addresses and their verification."""

from buildos_box.chat.changes import ChatAddressChanged
from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx

_ADDRESS = "SELECT * FROM chat_addresses WHERE user_id = ?"
_VERIFICATION = "SELECT * FROM chat_verifications WHERE user_id = ?"


def address(tx: Tx, user_id: str) -> Row | None:
    """The user's confirmed chat address; None if there is none."""
    return tx.one(_ADDRESS, (user_id,))


async def get_address(db: Database, user_id: str) -> Row | None:
    """The user's confirmed chat address; None if there is none."""
    return await db.by_key(_ADDRESS, (user_id,))


def set_address(tx: Tx, user_id: str, service: str, target: str, now: Instant) -> None:
    """Store a confirmed address; it replaces an earlier one, and ends a verification."""
    tx.execute(
        """INSERT INTO chat_addresses (user_id, service, target, confirmed_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET service = excluded.service,
                  target = excluded.target, confirmed_at = excluded.confirmed_at""",
        (user_id, service, target, to_text(now)),
    )
    close_verification(tx, user_id)
    tx.announce(ChatAddressChanged(user_id))


def remove_address(tx: Tx, user_id: str) -> bool:
    """Forget the address and an open verification; False if there was no address."""
    close_verification(tx, user_id)
    removed = tx.execute("DELETE FROM chat_addresses WHERE user_id = ?", (user_id,)).rowcount
    if removed:
        tx.announce(ChatAddressChanged(user_id))
    return bool(removed)


def verification(tx: Tx, user_id: str) -> Row | None:
    """The user's open verification; None if there is none."""
    return tx.one(_VERIFICATION, (user_id,))


async def get_verification(db: Database, user_id: str) -> Row | None:
    """The user's open verification; None if there is none."""
    return await db.by_key(_VERIFICATION, (user_id,))


def open_verification(
    tx: Tx, user_id: str, service: str, target: str, code_id: str, expires_at: Instant
) -> None:
    """Open a verification; it replaces an earlier one."""
    tx.execute(
        """INSERT INTO chat_verifications (user_id, service, target, code_id, expires_at)
           VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET service = excluded.service,
                  target = excluded.target, code_id = excluded.code_id, tries = 0,
                  expires_at = excluded.expires_at""",
        (user_id, service, target, code_id, to_text(expires_at)),
    )


def count_try(tx: Tx, user_id: str) -> None:
    """Count a wrong code."""
    tx.execute("UPDATE chat_verifications SET tries = tries + 1 WHERE user_id = ?", (user_id,))


def close_verification(tx: Tx, user_id: str) -> None:
    """Close the verification."""
    tx.execute("DELETE FROM chat_verifications WHERE user_id = ?", (user_id,))
