"""The SQL of realtime events (docs/spec.md#realtime-resume)."""

from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.realtime.changes import EventStored

RESTORE_GAP = 1_000_000_000
"""The gap in ids after a restore, so that no new event has an id that a client has seen."""


def publish(
    tx: Tx,
    *,
    user_id: str | None,
    type: str,  # noqa: A002 (the field's name on the wire)
    data: Any,
    correlation_id: str | None,
    now: Instant,
) -> None:
    """Store an event in the transaction of its cause; streams get it after the commit.

    Without a `user_id` only operators get it.
    """
    text, at = msgspec.json.encode(data).decode(), to_text(now)
    event_id = tx.execute(
        """INSERT INTO realtime_events (user_id, type, data, correlation_id, at)
           VALUES (?, ?, ?, ?, ?)""",
        (user_id, type, text, correlation_id, at),
    ).lastrowid
    assert event_id is not None
    tx.announce(EventStored(event_id, user_id, type, text, correlation_id, at))


async def events_after(
    db: Database, *, user_id: str | None, after: int, limit: int = 500
) -> list[Row]:
    """Events with ids above `after`, oldest first; of one user, or all if `user_id` is None."""
    if user_id is None:
        return await db.all(
            "SELECT * FROM realtime_events WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
    return await db.all(
        "SELECT * FROM realtime_events WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?",
        (user_id, after, limit),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """Which ids are stored: all in `(floor, latest]`."""

    floor: int
    latest: int


async def kept(db: Database) -> Kept:
    """The range of stored events, which a stream can resume from."""
    row = await db.one(
        """SELECT (SELECT min(id) FROM realtime_events) AS oldest,
                  (SELECT seq FROM sqlite_sequence WHERE name = 'realtime_events') AS latest"""
    )
    latest = (row["latest"] if row else None) or 0
    oldest = row["oldest"] if row else None
    return Kept(latest if oldest is None else oldest - 1, latest)


async def last_before(db: Database, before: Instant) -> int:
    """The id of the newest event from before `before`; 0 if there is none."""
    row = await db.one("SELECT max(id) FROM realtime_events WHERE at < ?", (to_text(before),))
    return (row[0] if row else None) or 0


def delete_through(tx: Tx, event_id: int, limit: int) -> int:
    """Delete the oldest events up to that id, at most `limit`; returns their number.

    Always the oldest, so that the stored events have no gap.
    """
    return tx.execute(
        """DELETE FROM realtime_events
            WHERE id IN (SELECT id FROM realtime_events WHERE id <= ? ORDER BY id LIMIT ?)""",
        (event_id, limit),
    ).rowcount


def erase_events_of(tx: Tx, user_id: str) -> None:
    """Delete the user's events."""
    tx.execute("DELETE FROM realtime_events WHERE user_id = ?", (user_id,))


def forget_all(tx: Tx) -> None:
    """Delete every event and leave a gap of ids, so that clients start again."""
    tx.execute("DELETE FROM realtime_events")
    tx.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'realtime_events', 0 WHERE NOT EXISTS"
        " (SELECT 1 FROM sqlite_sequence WHERE name = 'realtime_events')"
    )
    tx.execute(
        "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'realtime_events'", (RESTORE_GAP,)
    )
