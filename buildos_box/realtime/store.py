"""The table of realtime events, written with what they tell of (spec 12)."""

from typing import Any

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx


def publish(
    tx: Tx,
    *,
    user_id: str | None,
    type: str,  # noqa: A002 (the field's name on the wire)
    data: Any,
    correlation_id: str | None,
    now: Instant,
) -> None:
    """Record an event in the transaction of what it tells of: never before, never without it."""
    tx.execute(
        """INSERT INTO realtime_events (user_id, type, data, correlation_id, at)
           VALUES (?, ?, ?, ?, ?)""",
        (user_id, type, msgspec.json.encode(data).decode(), correlation_id, to_text(now)),
    )


async def events_after(
    db: Database, *, user_id: str | None, after: int, limit: int = 500
) -> list[Row]:
    """Events newer than that id, oldest first; of one user, or of all when `user_id` is None."""
    return await db.all(
        """SELECT * FROM realtime_events
            WHERE id > :after AND (:user_id IS NULL OR user_id = :user_id)
            ORDER BY id LIMIT :limit""",
        {"after": after, "user_id": user_id, "limit": limit},
    )
