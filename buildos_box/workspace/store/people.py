"""The SQL of users and their preferences."""

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.workspace.model import Person, Preferences, User

_USER = "SELECT * FROM users WHERE id = ?"
_PREFERENCES = "SELECT * FROM preferences WHERE user_id = ?"
# Columns of both tables are read as those of `users`, which come first.
_PERSON = """SELECT * FROM users LEFT JOIN preferences ON preferences.user_id = users.id
              WHERE users.id = ?"""
_HABITS = """SELECT u.locale, p.hour_cycle, p.week_start
               FROM users u LEFT JOIN preferences p ON p.user_id = u.id WHERE u.id = ?"""


def find_user(tx: Tx, user_id: str) -> User | None:
    """The user, read inside a transaction."""
    row = tx.one(_USER, (user_id,))
    return User.of(row) if row else None


async def get_user(db: Database, user_id: str) -> User | None:
    """The user."""
    row = await db.by_key(_USER, (user_id,))
    return User.of(row) if row else None


async def is_user(db: Database, user_id: str) -> bool:
    """Whether there is a user with that id."""
    return await db.by_key("SELECT 1 FROM users WHERE id = ?", (user_id,)) is not None


def find_person(tx: Tx, user_id: str) -> Person | None:
    """The user with their preferences, read inside a transaction."""
    row = tx.one(_PERSON, (user_id,))
    return Person.of(row) if row else None


async def get_person(db: Database, user_id: str) -> Person | None:
    """The user with their preferences."""
    row = await db.by_key(_PERSON, (user_id,))
    return Person.of(row) if row else None


def users_at_address(tx: Tx, address: str, *, limit: int) -> list[User]:
    """Users whose confirmed mail address this is, in any case, oldest first."""
    rows = tx.all(
        """SELECT * FROM users WHERE lower(email) = lower(?) AND email_confirmed = 1
            ORDER BY seq LIMIT ?""",
        (address, limit),
    )
    return [User.of(row) for row in rows]


def mark_onboarded(tx: Tx, user_id: str, now: Instant) -> None:
    """Store that the user has an onboarding analysis."""
    tx.execute("UPDATE users SET onboarding_analyzed_at = ? WHERE id = ?", (to_text(now), user_id))


def confirm_email(tx: Tx, user_id: str, now: Instant) -> None:
    """The user has proved that their mail address is theirs."""
    tx.execute(
        "UPDATE users SET email_confirmed = 1, updated_at = ? WHERE id = ?",
        (to_text(now), user_id),
    )


def warn_of_email(tx: Tx, user_id: str, address: str, warning: str | None) -> None:
    """Store or clear why mail to that address does not leave, if it is the user's address."""
    tx.execute(
        "UPDATE users SET email_warning = ? WHERE id = ? AND email = ?",
        (warning, user_id, address),
    )


def user_ids(tx: Tx) -> list[str]:
    """Every user's id, oldest first."""
    return [row["id"] for row in tx.all("SELECT id FROM users ORDER BY seq")]


def find_preferences(tx: Tx, user_id: str) -> Preferences | None:
    """The user's preferences, read inside a transaction; None if never set."""
    row = tx.one(_PREFERENCES, (user_id,))
    return Preferences.of(row) if row else None


async def get_preferences(db: Database, user_id: str) -> Preferences | None:
    """The user's preferences; None if never set."""
    row = await db.by_key(_PREFERENCES, (user_id,))
    return Preferences.of(row) if row else None


def find_habits(tx: Tx, user_id: str) -> Row | None:
    """The user's locale, hour cycle and first day of the week, read inside a transaction."""
    return tx.one(_HABITS, (user_id,))


async def get_habits(db: Database, user_id: str) -> Row | None:
    """The user's locale, hour cycle and first day of the week."""
    return await db.one(_HABITS, (user_id,))


def active_work(tx: Tx, user_id: str, limit: int) -> tuple[list[str], list[str]]:
    """The names of the user's active projects and the titles of their open tasks, newest first."""
    projects = tx.all(
        """SELECT name FROM projects WHERE user_id = ? AND status = 'active'
            ORDER BY seq DESC LIMIT ?""",
        (user_id, limit),
    )
    tasks = tx.all(
        """SELECT t.title FROM tasks t JOIN projects p ON p.id = t.project_id
            WHERE p.user_id = ? AND p.status = 'active' AND t.status <> 'done'
            ORDER BY t.seq DESC LIMIT ?""",
        (user_id, limit),
    )
    return [row["name"] for row in projects], [row["title"] for row in tasks]


async def admins(db: Database, *, limit: int = 100) -> list[User]:
    """Users who are admins, by id."""
    rows = await db.all("SELECT * FROM users WHERE is_admin = 1 ORDER BY id LIMIT ?", (limit,))
    return [User.of(row) for row in rows]


def find_admins(tx: Tx, *, limit: int = 100) -> list[str]:
    """Ids of users who are admins, read inside a transaction."""
    rows = tx.all("SELECT id FROM users WHERE is_admin = 1 ORDER BY id LIMIT ?", (limit,))
    return [row["id"] for row in rows]


async def user_of_address_or_admin(db: Database, address: str) -> str | None:
    """The id of the user with that address, else of an admin, else of the first user."""
    row = await db.one(
        """SELECT id FROM users
            ORDER BY lower(email) = lower(?) DESC NULLS LAST, is_admin DESC, seq LIMIT 1""",
        (address,),
    )
    return row["id"] if row else None


async def latest_activity(db: Database, user_id: str) -> Instant | None:
    """When the user's projects, tasks, notes or events last changed."""
    row = await db.one(
        """SELECT max(at) AS at FROM (
               SELECT max(updated_at) AS at FROM projects WHERE user_id = :user
               UNION ALL
               SELECT max(t.updated_at) FROM projects p JOIN tasks t ON t.project_id = p.id
                WHERE p.user_id = :user
               UNION ALL
               SELECT max(n.updated_at) FROM projects p JOIN notes n ON n.project_id = p.id
                WHERE p.user_id = :user
               UNION ALL
               SELECT max(updated_at) FROM events WHERE user_id = :user)""",
        {"user": user_id},
    )
    return from_text(row["at"]) if row and row["at"] else None
