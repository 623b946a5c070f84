"""The table of calendar feeds."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it is needed to read it."""

    id: str
    user_id: str
    name: str
    url: str
    is_active: bool
    username: str | None
    sealed_password: str | None
    etag: str | None
    last_modified: str | None
    failures: int
    last_read_at: Instant | None

    @classmethod
    def of(cls, row: Row) -> "Feed":
        """The row as a struct."""
        return cls(
            id=row["id"],
            user_id=row["user_id"],
            name=row["name"],
            url=row["url"],
            is_active=bool(row["is_active"]),
            username=row["username"],
            sealed_password=row["sealed_password"],
            etag=row["etag"],
            last_modified=row["last_modified"],
            failures=row["failures"],
            last_read_at=from_text(row["last_read_at"]) if row["last_read_at"] else None,
        )


async def get(db: Database, feed_id: str) -> Feed | None:
    """The feed of that id; None if there is none."""
    row = await db.by_key("SELECT * FROM calendar_feeds WHERE id = ?", (feed_id,))
    return Feed.of(row) if row else None


def find(tx: Tx, feed_id: str) -> Feed | None:
    """The feed of that id, in a transaction; None if there is none."""
    row = tx.one("SELECT * FROM calendar_feeds WHERE id = ?", (feed_id,))
    return Feed.of(row) if row else None


async def row_of(db: Database, user_id: str, feed_id: str) -> Row | None:
    """The row of a user's feed; None if that user has no such feed."""
    return await db.one(
        "SELECT * FROM calendar_feeds WHERE id = ? AND user_id = ?", (feed_id, user_id)
    )


async def page(db: Database, user_id: str, *, before: int | None, limit: int) -> list[Row]:
    """A page of a user's feeds, newest first."""
    return await db.all(
        """SELECT * FROM calendar_feeds
            WHERE user_id = :user AND (:before IS NULL OR seq < :before)
            ORDER BY seq DESC LIMIT :limit""",
        {"user": user_id, "before": before, "limit": limit},
    )


def with_url(tx: Tx, user_id: str, url: str) -> str | None:
    """The id of the user's feed with that address; None if there is none."""
    row = tx.one("SELECT id FROM calendar_feeds WHERE user_id = ? AND url = ?", (user_id, url))
    return row["id"] if row else None


async def with_any_url(db: Database, user_id: str, urls: Collection[str]) -> str | None:
    """The id of the user's feed with one of those addresses; None if there is none."""
    row = await db.one(
        """SELECT id FROM calendar_feeds
            WHERE user_id = ? AND url IN (SELECT value FROM json_each(?))""",
        (user_id, json.dumps(list(urls))),
    )
    return row["id"] if row else None


async def count_of(db: Database, user_id: str) -> int:
    """The number of the user's feeds."""
    row = await db.one("SELECT count(*) FROM calendar_feeds WHERE user_id = ?", (user_id,))
    return int(row[0]) if row else 0


def count(tx: Tx, user_id: str) -> int:
    """The number of the user's feeds, in a transaction."""
    row = tx.one("SELECT count(*) FROM calendar_feeds WHERE user_id = ?", (user_id,))
    return int(row[0]) if row else 0


def add(tx: Tx, feed: Feed, now: Instant) -> None:
    """Store a new feed, due at once."""
    tx.execute(
        """INSERT INTO calendar_feeds (id, user_id, name, url, username, sealed_password,
                                       next_sync_at, created_at, updated_at)
           VALUES (:id, :user, :name, :url, :username, :password, :now, :now, :now)""",
        {
            "id": feed.id,
            "user": feed.user_id,
            "name": feed.name,
            "url": feed.url,
            "username": feed.username,
            "password": feed.sealed_password,
            "now": to_text(now),
        },
    )


def change(tx: Tx, feed: Feed, now: Instant) -> None:
    """Store what users may change; another address also clears ETag and Last-Modified."""
    tx.execute(
        """UPDATE calendar_feeds
              SET name = :name, is_active = :active, updated_at = :now, next_sync_at = :now,
                  etag = CASE WHEN url = :url THEN etag END,
                  last_modified = CASE WHEN url = :url THEN last_modified END,
                  failures = 0, error = NULL, url = :url,
                  username = :username, sealed_password = :password
            WHERE id = :id""",
        {
            "id": feed.id,
            "name": feed.name,
            "url": feed.url,
            "active": int(feed.is_active),
            "username": feed.username,
            "password": feed.sealed_password,
            "now": to_text(now),
        },
    )


def delete(tx: Tx, feed_id: str) -> None:
    """Delete the feed's row; its events have to be deleted before."""
    tx.execute("DELETE FROM calendar_feeds WHERE id = ?", (feed_id,))


def due(tx: Tx, now: Instant, limit: int) -> list[Feed]:
    """Active feeds that are due, the longest due first."""
    rows = tx.all(
        """SELECT * FROM calendar_feeds WHERE is_active = 1 AND next_sync_at <= ?
            ORDER BY next_sync_at, seq LIMIT ?""",
        (to_text(now), limit),
    )
    return [Feed.of(row) for row in rows]


def postpone(tx: Tx, feed_id: str, until: Instant) -> None:
    """Set the time at which the feed is due next."""
    tx.execute("UPDATE calendar_feeds SET next_sync_at = ? WHERE id = ?", (to_text(until), feed_id))


def succeeded(tx: Tx, feed_id: str, now: Instant, next_at: Instant) -> None:
    """Record that the server answered properly, with or without changes."""
    tx.execute(
        """UPDATE calendar_feeds SET failures = 0, error = NULL, last_sync_at = :now,
                  last_success_at = :now, next_sync_at = :next WHERE id = :id""",
        {"id": feed_id, "now": to_text(now), "next": to_text(next_at)},
    )


def record_read(
    tx: Tx,
    feed_id: str,
    *,
    etag: str | None,
    last_modified: str | None,
    events: int,
    warnings: list[str],
    now: Instant,
) -> None:
    """Record the calendar that was read, with its ETag and Last-Modified for the next request."""
    tx.execute(
        """UPDATE calendar_feeds SET etag = :etag, last_modified = :modified,
                  event_count = :events, warnings = :warnings, last_read_at = :now
            WHERE id = :id""",
        {
            "id": feed_id,
            "etag": etag,
            "modified": last_modified,
            "events": events,
            "warnings": json.dumps(warnings),
            "now": to_text(now),
        },
    )


def failed(
    tx: Tx, feed_id: str, *, failures: int, error: str, now: Instant, next_at: Instant
) -> None:
    """Record a failure."""
    tx.execute(
        """UPDATE calendar_feeds SET failures = :failures, error = :error, last_sync_at = :now,
                  next_sync_at = :next WHERE id = :id""",
        {
            "id": feed_id,
            "failures": failures,
            "error": error,
            "now": to_text(now),
            "next": to_text(next_at),
        },
    )
