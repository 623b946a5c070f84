"""The SQL of CalDAV accounts; that of their collections is in `collection_store`."""

from dataclasses import dataclass

from buildos_box.calendars.caldav.discovery import Home
from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is needed to sync it."""

    id: str
    user_id: str
    name: str
    url: str
    home: Home
    username: str
    sealed_password: str
    is_active: bool
    is_stopped: bool
    failures: int
    next_sync_at: Instant

    @classmethod
    def of(cls, row: Row) -> "Account":
        """The row as a struct."""
        return cls(
            id=row["id"],
            user_id=row["user_id"],
            name=row["name"],
            url=row["url"],
            home=Home(row["home_url"], bool(row["is_single"])),
            username=row["username"],
            sealed_password=row["sealed_password"],
            is_active=bool(row["is_active"]),
            is_stopped=bool(row["is_stopped"]),
            failures=row["failures"],
            next_sync_at=from_text(row["next_sync_at"]),
        )


async def get(db: Database, account_id: str) -> Account | None:
    """The account of that id; None if there is none."""
    row = await db.by_key("SELECT * FROM caldav_accounts WHERE id = ?", (account_id,))
    return Account.of(row) if row else None


def find(tx: Tx, account_id: str) -> Account | None:
    """The account of that id, in a transaction; None if there is none."""
    row = tx.one("SELECT * FROM caldav_accounts WHERE id = ?", (account_id,))
    return Account.of(row) if row else None


async def row_of(db: Database, user_id: str, account_id: str) -> Row | None:
    """The row of a user's account; None if that user has no such account."""
    return await db.one(
        "SELECT * FROM caldav_accounts WHERE id = ? AND user_id = ?", (account_id, user_id)
    )


async def page(db: Database, user_id: str, *, before: int | None, limit: int) -> list[Row]:
    """A page of a user's accounts, newest first."""
    return await db.all(
        """SELECT * FROM caldav_accounts
            WHERE user_id = :user AND (:before IS NULL OR seq < :before)
            ORDER BY seq DESC LIMIT :limit""",
        {"user": user_id, "before": before, "limit": limit},
    )


def find_same_login(tx: Tx, account: Account) -> str | None:
    """The id of the user's account with that home and user name; None if there is none."""
    row = tx.one(
        "SELECT id FROM caldav_accounts WHERE user_id = ? AND home_url = ? AND username = ?",
        (account.user_id, account.home.url, account.username),
    )
    return row["id"] if row else None


def count(tx: Tx, user_id: str) -> int:
    """The number of the user's accounts."""
    row = tx.one("SELECT count(*) FROM caldav_accounts WHERE user_id = ?", (user_id,))
    return int(row[0]) if row else 0


def add(tx: Tx, account: Account, now: Instant) -> None:
    """Store a new account, due at once."""
    tx.execute(
        """INSERT INTO caldav_accounts (id, user_id, name, url, home_url, is_single, username,
                                        sealed_password, next_sync_at, created_at, updated_at)
           VALUES (:id, :user, :name, :url, :home, :single, :username, :password, :now, :now,
                   :now)""",
        {
            "id": account.id,
            "user": account.user_id,
            "name": account.name,
            "url": account.url,
            "home": account.home.url,
            "single": int(account.home.is_single),
            "username": account.username,
            "password": account.sealed_password,
            "now": to_text(now),
        },
    )


def change(tx: Tx, account: Account, now: Instant) -> None:
    """Store what users may change; the account is due at once and no longer stopped."""
    tx.execute(
        """UPDATE caldav_accounts
              SET name = :name, is_active = :active, sealed_password = :password, is_stopped = 0,
                  failures = 0, error = NULL, next_sync_at = :now, updated_at = :now
            WHERE id = :id""",
        {
            "id": account.id,
            "name": account.name,
            "active": int(account.is_active),
            "password": account.sealed_password,
            "now": to_text(now),
        },
    )


def rename(tx: Tx, account_id: str, name: str, now: Instant) -> None:
    """Store another name."""
    tx.execute(
        "UPDATE caldav_accounts SET name = ?, updated_at = ? WHERE id = ?",
        (name, to_text(now), account_id),
    )


def delete(tx: Tx, account_id: str) -> None:
    """Delete the account with its collections; their events have to be deleted before."""
    tx.execute("DELETE FROM caldav_accounts WHERE id = ?", (account_id,))


def due(tx: Tx, now: Instant, limit: int) -> list[Account]:
    """Active accounts that are due, the longest due first."""
    rows = tx.all(
        """SELECT * FROM caldav_accounts
            WHERE is_active = 1 AND is_stopped = 0 AND next_sync_at <= ?
            ORDER BY next_sync_at, seq LIMIT ?""",
        (to_text(now), limit),
    )
    return [Account.of(row) for row in rows]


def postpone(tx: Tx, account_id: str, until: Instant) -> None:
    """Set the time at which the account is due next."""
    tx.execute(
        "UPDATE caldav_accounts SET next_sync_at = ? WHERE id = ?", (to_text(until), account_id)
    )


def succeeded(tx: Tx, account_id: str, now: Instant, next_at: Instant) -> None:
    """Record a complete sync."""
    tx.execute(
        """UPDATE caldav_accounts SET failures = 0, error = NULL, last_sync_at = :now,
                  last_success_at = :now, next_sync_at = :next WHERE id = :id""",
        {"id": account_id, "now": to_text(now), "next": to_text(next_at)},
    )


def failed(
    tx: Tx,
    account_id: str,
    *,
    failures: int,
    error: str,
    stops: bool,
    now: Instant,
    next_at: Instant,
) -> None:
    """Record a failure; one that `stops` the account is not tried again."""
    tx.execute(
        """UPDATE caldav_accounts SET failures = :failures, error = :error, is_stopped = :stops,
                  last_sync_at = :now, next_sync_at = :next WHERE id = :id""",
        {
            "id": account_id,
            "failures": failures,
            "error": error,
            "stops": int(stops),
            "now": to_text(now),
            "next": to_text(next_at),
        },
    )
