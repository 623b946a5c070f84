"""The SQL of addresses that bounced."""

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx


class Bounce(msgspec.Struct, frozen=True, rename="camel"):
    """An address that bounced, and its server's answer."""

    user_id: str
    address: str
    email_id: str | None
    code: str
    reason: str
    at: str

    @classmethod
    def of(cls, row: Row) -> "Bounce":
        """The row as it is stored."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


def mark(
    tx: Tx, *, user_id: str, address: str, email_id: str, code: str, reason: str, now: Instant
) -> bool:
    """Store that an address bounced; False if that was known."""
    return (
        tx.execute(
            """INSERT INTO email_bounces (user_id, address, email_id, code, reason, at)
               VALUES (?, lower(?), ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
            (user_id, address, email_id, code, reason, to_text(now)),
        ).rowcount
        == 1
    )


def reason_against(tx: Tx, address: str) -> str | None:
    """Why nothing is sent to that address, as a sentence; None if it may be."""
    row = tx.one(
        "SELECT reason FROM email_bounces WHERE address = lower(?) ORDER BY at LIMIT 1", (address,)
    )
    return bounced_because(row["reason"]) if row else None


def bounced_because(reason: str) -> str:
    """What a mail says that is not sent because its address has bounced for that reason."""
    return f"the address has bounced: {reason}"


def clear_others(tx: Tx, user_id: str, address: str | None) -> None:
    """Delete bounces of the user's other addresses, because they have another one now."""
    tx.execute(
        "DELETE FROM email_bounces WHERE user_id = ? AND address <> lower(coalesce(?, ''))",
        (user_id, address),
    )


def clear(tx: Tx, address: str) -> int:
    """Allow mail to that address again; returns how many bounces were deleted."""
    return tx.execute("DELETE FROM email_bounces WHERE address = lower(?)", (address,)).rowcount


async def of_address(db: Database, address: str) -> Bounce | None:
    """The bounce of that address; None if there is none."""
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
