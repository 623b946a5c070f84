"""The SQL of calendar events."""

import json
from collections.abc import Collection
from datetime import date

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.workspace.model import Event


async def events_between(
    db: Database,
    user_id: str,
    start: Instant,
    end: Instant,
    *,
    first_day: date,
    day_after: date,
    cancelled: bool = False,
) -> list[Event]:
    """A user's events that overlap `[start, end)`, all-day ones `[first_day, day_after)`.

    Cancelled ones are left out unless `cancelled`, declined ones are marked.
    """
    rows = await rows_between(
        db,
        user_id,
        start,
        end,
        first_day=first_day,
        day_after=day_after,
        cancelled=cancelled,
        limit=-1,
    )
    return [Event.of(row) for row in rows]


async def rows_between(
    db: Database,
    user_id: str,
    start: Instant,
    end: Instant,
    *,
    first_day: date,
    day_after: date,
    cancelled: bool = False,
    limit: int,
) -> list[Row]:
    """The same as rows, at most so many; -1 means all."""
    return await db.all(
        """SELECT * FROM (
               SELECT * FROM events
                WHERE user_id = :user AND all_day = 1 AND start_date < :after_day
                  AND (start_date >= :first_day OR COALESCE(end_date, start_date) > :first_day)
               UNION ALL
               SELECT * FROM events
                WHERE user_id = :user AND all_day = 0 AND COALESCE(end_at, start_at) >= :start
                  AND start_at < :end
                  AND (COALESCE(end_at, start_at) > :start OR start_at >= :start))
            WHERE :cancelled OR status <> 'cancelled'
            ORDER BY all_day DESC, COALESCE(start_at, start_date), seq LIMIT :limit""",
        {
            "user": user_id,
            "cancelled": int(cancelled),
            "start": to_text(start),
            "end": to_text(end),
            "first_day": first_day.isoformat(),
            "after_day": day_after.isoformat(),
            "limit": limit,
        },
    )


def timed_events(tx: Tx, user_id: str, start: Instant, end: Instant) -> list[Event]:
    """Timed events that begin in `[start, end)` and are not cancelled, soonest first."""
    rows = tx.all(
        """SELECT * FROM events
            WHERE user_id = ? AND all_day = 0 AND COALESCE(end_at, start_at) >= ?
              AND start_at >= ? AND start_at < ? AND status <> 'cancelled'
            ORDER BY start_at, seq""",
        (user_id, to_text(start), to_text(start), to_text(end)),
    )
    return [Event.of(row) for row in rows]


def find_event(tx: Tx, event_id: str) -> Event | None:
    """The event, read in a transaction; None if there is none."""
    row = tx.one("SELECT * FROM events WHERE id = ?", (event_id,))
    return Event.of(row) if row else None


def events_of_feed(tx: Tx, feed_id: str) -> list[Row]:
    """Every event that came from that feed."""
    return tx.all(
        """SELECT id, status, COALESCE(start_at, start_date) AS starts,
                  COALESCE(end_at, end_date, start_at, start_date) AS ends
             FROM events WHERE feed_id = ?""",
        (feed_id,),
    )


def mark_as_of_feed(tx: Tx, feed_id: str, event_ids: Collection[str]) -> None:
    """Store that these events belong to that feed."""
    tx.execute(
        """UPDATE events SET source = 'feed', feed_id = :feed, feed_uid = id
            WHERE id IN (SELECT value FROM json_each(:ids)) AND feed_id IS NULL""",
        {"feed": feed_id, "ids": json.dumps(sorted(event_ids))},
    )
