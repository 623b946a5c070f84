"""The table of addresses at which nobody is."""

from dataclasses import dataclass

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a server has said of an address."""

    user_id: str
    address: str
    email_id: str | None
    code: str
    reason: str
    at: str

    @classmethod
    def of(cls, row: Row) -> "Bounce":
        """The row as it is stored."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


def mark(
    tx: Tx, *, user_id: str, address: str, email_id: str, code: str, reason: str, now: Instant
) -> bool:
    """Nobody is at that address; false if that was known."""
    return (
        tx.execute(
            """INSERT INTO email_bounces (user_id, address, email_id, code, reason, at)
               VALUES (?, lower(?), ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
            (user_id, address, email_id, code, reason, to_text(now)),
        ).rowcount
        == 1
    )


def reason_against(tx: Tx, address: str) -> str | None:
    """Why no mail goes to that address, in words for people; None if it may."""
    row = tx.one(
        "SELECT reason FROM email_bounces WHERE address = lower(?) ORDER BY at LIMIT 1", (address,)
    )
    return f"the address has bounced: {row['reason']}" if row else None


def clear_others(tx: Tx, user_id: str, address: str | None) -> None:
    """The user has another address now: what was said of the old one is of no use."""
    tx.execute(
        "DELETE FROM email_bounces WHERE user_id = ? AND address <> lower(coalesce(?, ''))",
        (user_id, address),
    )


def clear(tx: Tx, address: str) -> int:
    """Mail to that address may be tried again; returns how many marks are gone."""
    return tx.execute("DELETE FROM email_bounces WHERE address = lower(?)", (address,)).rowcount


async def of_address(db: Database, address: str) -> Bounce | None:
    """What is known against that address."""
    row = await db.one(
        "SELECT * FROM email_bounces WHERE address = lower(?) ORDER BY at LIMIT 1", (address,)
    )
    return Bounce.of(row) if row else None


async def page(db: Database, before: tuple[str, str, str] | None, limit: int) -> list[Bounce]:
    """All addresses that bounced, newest first."""
    at, address, user_id = before or (None, None, None)
    rows = await db.all(
        """SELECT * FROM email_bounces
            WHERE :at IS NULL OR (at, address, user_id) < (:at, :address, :user)
            ORDER BY at DESC, address DESC, user_id DESC LIMIT :limit""",
        {"at": at, "address": address, "user": user_id, "limit": limit},
    )
    return [Bounce.of(row) for row in rows]
