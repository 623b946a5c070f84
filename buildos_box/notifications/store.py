"""The SQL of notifications and their deliveries."""

import json
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.notifications.event_types import Content

PENDING, SENT, FAILED, SKIPPED = "pending", "sent", "failed", "skipped"
STATUSES = (PENDING, SENT, "delivered", FAILED, SKIPPED, "opened", "clicked")
UNDER_WAY = timedelta(minutes=10)
"""How long a delivery that is being sent counts as sent, so that concurrent ones keep to a cap."""


def add_notification(
    tx: Tx,
    notification_id: str,
    *,
    user_id: str,
    event_type: str,
    payload: str,
    content: Content,
    once_key: str | None,
    stale_at: Instant | None,
    correlation_id: str,
    now: Instant,
    in_inbox: bool,
) -> Row | None:
    """Store a new notification and return it; None if one with the same `once_key` exists."""
    return tx.one(
        """INSERT INTO notifications (id, user_id, event_type, payload, title, body, action_url,
                                      tag, once_key, stale_at, correlation_id, created_at, in_inbox)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (once_key) DO NOTHING
           RETURNING *""",
        (
            notification_id,
            user_id,
            event_type,
            payload,
            content.title,
            content.body,
            content.action_url,
            content.tag,
            once_key,
            to_text(stale_at) if stale_at else None,
            correlation_id,
            to_text(now),
            int(in_inbox),
        ),
    )


def add_delivery(
    tx: Tx,
    delivery_id: str,
    notification: Row,
    channel: str,
    now: Instant,
    subscription_id: str | None = None,
) -> bool:
    """Store a new delivery; False if it exists already."""
    cursor = tx.execute(
        """INSERT INTO notification_deliveries
               (id, notification_id, user_id, event_type, channel, subscription_id,
                correlation_id, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
        (
            delivery_id,
            notification["id"],
            notification["user_id"],
            notification["event_type"],
            channel,
            subscription_id,
            notification["correlation_id"],
            to_text(now),
            to_text(now),
        ),
    )
    return cursor.rowcount == 1


def add_ended_delivery(
    tx: Tx,
    delivery_id: str,
    notification: Row,
    channel: str,
    now: Instant,
    *,
    attempts: int,
    skipped: str | None,
) -> None:
    """Store the first delivery over a channel with its outcome: sent now, or skipped and why.

    It is inserted before the commit, with others that have ended: those who look for deliveries in
    the same transaction look for pending ones.
    """
    at, sent = to_text(now), skipped is None
    tx.insert_deferred(
        """INSERT INTO notification_deliveries
               (id, notification_id, user_id, event_type, channel, status, reason, attempts,
                started_at, sent_at, correlation_id, created_at, updated_at)
           VALUES""",
        [
            (
                delivery_id,
                notification["id"],
                notification["user_id"],
                notification["event_type"],
                channel,
                SENT if sent else SKIPPED,
                skipped,
                attempts,
                at if sent else None,
                at if sent else None,
                notification["correlation_id"],
                at,
                at,
            )
        ],
    )


def find_notification(tx: Tx, notification_id: str) -> Row | None:
    """The notification; None if there is none."""
    return tx.one("SELECT * FROM notifications WHERE id = ?", (notification_id,))


def notification(tx: Tx, notification_id: str) -> Row:
    """The notification of a delivery."""
    row = find_notification(tx, notification_id)
    assert row is not None
    return row


async def get(db: Database, notification_id: str) -> Row | None:
    """The notification; None if it was deleted."""
    return await db.by_key("SELECT * FROM notifications WHERE id = ?", (notification_id,))


_DELIVERY = "SELECT * FROM notification_deliveries WHERE id = ?"


def delivery(tx: Tx, delivery_id: str) -> Row | None:
    """The delivery; None if its notification was deleted."""
    return tx.one(_DELIVERY, (delivery_id,))


async def get_delivery(db: Database, delivery_id: str) -> Row | None:
    """The delivery; None if its notification was deleted."""
    return await db.by_key(_DELIVERY, (delivery_id,))


def is_tag_used(tx: Tx, user_id: str, tag: str) -> bool:
    """Whether the user has a notification with that tag."""
    row = tx.one(
        "SELECT 1 FROM notifications WHERE user_id = ? AND tag = ? LIMIT 1", (user_id, tag)
    )
    return row is not None


def tags_used(tx: Tx, tags: Sequence[tuple[str, str]]) -> set[str]:
    """Those of the tags, each after its user, under which that user was told something."""
    rows = tx.all(
        """SELECT DISTINCT n.tag FROM json_each(?) j CROSS JOIN notifications n
               ON n.user_id = json_extract(j.value, '$[0]')
              AND n.tag = json_extract(j.value, '$[1]')""",
        (json.dumps(tags),),
    )
    return {row["tag"] for row in rows}


def waiting(tx: Tx, user_id: str, tag: str) -> list[Row]:
    """Pending deliveries of notifications with that tag; `begun` if one was tried."""
    return tx.all(
        """SELECT notification_deliveries.id, started_at IS NOT NULL AS begun FROM notifications
             JOIN notification_deliveries
                  ON notification_deliveries.notification_id = notifications.id
            WHERE notifications.user_id = ? AND notifications.tag = ?
              AND status = 'pending'""",
        (user_id, tag),
    )


def begin(tx: Tx, delivery_id: str, now: Instant) -> None:
    """Count an attempt; a failed delivery becomes pending again."""
    tx.execute(
        """UPDATE notification_deliveries
              SET status = 'pending', attempts = attempts + 1, started_at = :now, updated_at = :now
            WHERE id = :id""",
        {"id": delivery_id, "now": to_text(now)},
    )


def channels_of(tx: Tx, notification_id: str) -> set[str]:
    """The channels over which the notification was delivered, or tried."""
    rows = tx.all(
        "SELECT channel FROM notification_deliveries WHERE notification_id = ?",
        (notification_id,),
    )
    return {str(row["channel"]) for row in rows}


def finish(
    tx: Tx,
    delivery_id: str,
    status: str,
    now: Instant,
    *,
    reason: str | None = None,
    error: str | None = None,
    provider_id: str | None = None,
) -> bool:
    """Store a delivery's outcome; False if it was sent already, which stays."""
    cursor = tx.execute(
        """UPDATE notification_deliveries
              SET status = :status, reason = :reason, error = :error, updated_at = :now,
                  provider_id = coalesce(:provider_id, provider_id),
                  started_at = CASE :status WHEN 'sent' THEN started_at END,
                  sent_at = CASE :status WHEN 'sent' THEN :now END
            WHERE id = :id AND status IN ('pending', 'failed', 'skipped')""",
        {
            "id": delivery_id,
            "status": status,
            "reason": reason,
            "error": error,
            "provider_id": provider_id,
            "now": to_text(now),
        },
    )
    return cursor.rowcount == 1


def hand_over(tx: Tx, delivery_id: str, message_id: str, now: Instant) -> None:
    """Store which mail or SMS carries out the delivery."""
    tx.execute(
        "UPDATE notification_deliveries SET provider_id = ?, updated_at = ? WHERE id = ?",
        (message_id, to_text(now), delivery_id),
    )


def delivery_of_message(tx: Tx, channel: str, message_id: str) -> Row | None:
    """The delivery that this mail or SMS carries out; None if none."""
    return tx.one(
        "SELECT * FROM notification_deliveries WHERE channel = ? AND provider_id = ?",
        (channel, message_id),
    )


def advance(tx: Tx, delivery_id: str, status: str, now: Instant) -> None:
    """Move a sent delivery forward to delivered, opened or clicked, never back."""
    tx.execute(
        """UPDATE notification_deliveries SET status = :status, updated_at = :now
            WHERE id = :id
              AND instr('sent delivered opened clicked', status) > 0
              AND instr('sent delivered opened clicked', status) <
                  instr('sent delivered opened clicked', :status)""",
        {"id": delivery_id, "status": status, "now": to_text(now)},
    )


def note_error(tx: Tx, delivery_id: str, error: str, now: Instant) -> None:
    """Store the error of an attempt that is not the last."""
    tx.execute(
        "UPDATE notification_deliveries SET error = ?, updated_at = ? WHERE id = ?",
        (error, to_text(now), delivery_id),
    )


def count_sent_since(
    tx: Tx, user_id: str, first: Instant, second: Instant, *, but: str, now: Instant
) -> tuple[int, int]:
    """How many other notifications were sent to the user since either instant."""
    row = tx.one(
        """SELECT count(DISTINCT CASE WHEN started_at >= :first THEN notification_id END) AS first,
                  count(DISTINCT CASE WHEN started_at >= :second THEN notification_id END)
                      AS second
             FROM notification_deliveries
            WHERE user_id = :user AND channel <> 'in_app' AND notification_id <> :but
              AND started_at >= min(:first, :second)
              AND (status NOT IN ('pending', 'failed', 'skipped')
                   OR (status = 'pending' AND started_at >= :under_way))""",
        {
            "user": user_id,
            "but": but,
            "first": to_text(first),
            "second": to_text(second),
            "under_way": to_text(now - UNDER_WAY),
        },
    )
    return (int(row["first"]), int(row["second"])) if row else (0, 0)


def put_into_inbox(tx: Tx, notification_id: str) -> Row:
    """Show the notification in the inbox; returns it."""
    row = tx.one(
        "UPDATE notifications SET in_inbox = 1 WHERE id = ? RETURNING *", (notification_id,)
    )
    assert row is not None
    return row


def take_out_of_inbox(tx: Tx, user_id: str, tag: str) -> None:
    """Hide what has that tag and was not read yet."""
    tx.execute(
        """UPDATE notifications SET in_inbox = 0
            WHERE user_id = ? AND tag = ? AND in_inbox = 1 AND read_at IS NULL""",
        (user_id, tag),
    )


async def inbox(
    db: Database, user_id: str, *, before: int | None, unread: bool, limit: int
) -> list[Row]:
    """A user's notifications, newest first."""
    return await db.all(
        """SELECT * FROM notifications
            WHERE user_id = :user AND in_inbox = 1 AND (:before IS NULL OR seq < :before)
              AND (NOT :unread OR read_at IS NULL)
            ORDER BY seq DESC LIMIT :limit""",
        {"user": user_id, "before": before, "unread": int(unread), "limit": limit},
    )


async def unread_count(db: Database, user_id: str) -> int:
    """The number of unread notifications."""
    row = await db.one(
        """SELECT count(*) AS n FROM notifications
            WHERE user_id = ? AND in_inbox = 1 AND read_at IS NULL""",
        (user_id,),
    )
    return int(row["n"]) if row else 0


def mark_read(tx: Tx, user_id: str, ids: list[str] | None, now: Instant) -> int:
    """Mark these, or all, as read; returns how many were unread."""
    return tx.execute(
        """UPDATE notifications SET read_at = :now
            WHERE user_id = :user AND in_inbox = 1 AND read_at IS NULL
              AND (:all OR id IN (SELECT value FROM json_each(:ids)))""",
        {
            "now": to_text(now),
            "user": user_id,
            "all": int(ids is None),
            "ids": msgspec.json.encode(ids or []).decode(),
        },
    ).rowcount


def delete_before(tx: Tx, before: Instant, limit: int) -> int:
    """Delete at most `limit` notifications older than that, with their deliveries."""
    return tx.execute(
        """DELETE FROM notifications
            WHERE seq IN (SELECT seq FROM notifications ORDER BY seq LIMIT ?) AND created_at < ?""",
        (limit, to_text(before)),
    ).rowcount


async def payloads(db: Database, delivery_ids: list[str]) -> dict[str, str]:
    """The payload of each of these deliveries' notifications, JSON, by the delivery's id."""
    if not delivery_ids:
        return {}
    rows = await db.all(
        """SELECT d.id, n.payload FROM notification_deliveries d
             JOIN notifications n ON n.id = d.notification_id
            WHERE d.id IN (SELECT value FROM json_each(?))""",
        (msgspec.json.encode(delivery_ids).decode(),),
    )
    return {str(row["id"]): str(row["payload"]) for row in rows}
