"""The SQL of push subscriptions."""

from datetime import timedelta

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx

ALERT_AGAIN = timedelta(days=1)


def active_of(tx: Tx, user_id: str) -> list[Row]:
    """A user's active subscriptions, oldest first."""
    return tx.all(
        "SELECT * FROM push_subscriptions WHERE user_id = ? AND active = 1 ORDER BY seq", (user_id,)
    )


async def all_of(db: Database, user_id: str) -> list[Row]:
    """A user's subscriptions, newest first."""
    return await db.all(
        "SELECT * FROM push_subscriptions WHERE user_id = ? ORDER BY seq DESC", (user_id,)
    )


def find(tx: Tx, subscription_id: str) -> Row | None:
    """One subscription."""
    return tx.one("SELECT * FROM push_subscriptions WHERE id = ?", (subscription_id,))


def add(
    tx: Tx, new_id: str, user_id: str, endpoint: str, p256dh: str, auth: str, now: Instant
) -> Row | None:
    """Keep a subscription; one that its owner sends again works again.

    None if the endpoint is another user's: it stays theirs until they give it up.
    """
    tx.execute(
        """INSERT INTO push_subscriptions (id, user_id, endpoint, p256dh, auth, created_at)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (endpoint) DO UPDATE SET
               p256dh = excluded.p256dh, auth = excluded.auth, active = 1, reason = NULL
            WHERE user_id = excluded.user_id""",
        (new_id, user_id, endpoint, p256dh, auth, to_text(now)),
    )
    return tx.one(
        "SELECT * FROM push_subscriptions WHERE endpoint = ? AND user_id = ?", (endpoint, user_id)
    )


def drop_beyond(tx: Tx, user_id: str, most: int) -> None:
    """Delete subscriptions beyond `most`: inactive ones first, then the oldest."""
    tx.execute(
        """DELETE FROM push_subscriptions WHERE id IN (
               SELECT id FROM push_subscriptions WHERE user_id = ?
                ORDER BY active DESC, seq DESC LIMIT -1 OFFSET ?)""",
        (user_id, most),
    )


def remove(tx: Tx, user_id: str, subscription_id: str) -> bool:
    """Delete a subscription of that user; False if there is none."""
    cursor = tx.execute(
        "DELETE FROM push_subscriptions WHERE id = ? AND user_id = ?", (subscription_id, user_id)
    )
    return cursor.rowcount == 1


def deactivate(tx: Tx, subscription_id: str, reason: str) -> None:
    """Deactivate a subscription that the push service no longer knows."""
    tx.execute(
        "UPDATE push_subscriptions SET active = 0, reason = ? WHERE id = ?",
        (reason, subscription_id),
    )


def note_refusal(tx: Tx, host: str, now: Instant) -> bool:
    """Store that the host refuses the server's key; True if that is new today."""
    cursor = tx.execute(
        """INSERT INTO push_refusals (host, alerted_at) VALUES (:host, :now)
           ON CONFLICT (host) DO UPDATE SET alerted_at = :now WHERE alerted_at <= :before""",
        {"host": host, "now": to_text(now), "before": to_text(now - ALERT_AGAIN)},
    )
    return cursor.rowcount == 1


def note_sent(tx: Tx, subscription_id: str, now: Instant) -> None:
    """Store when the subscription last received a message."""
    tx.execute(
        "UPDATE push_subscriptions SET last_sent_at = ? WHERE id = ?",
        (to_text(now), subscription_id),
    )


def count_push_outcomes(tx: Tx, notification_id: str) -> tuple[int, int, int]:
    """How many deliveries to single subscriptions are pending, sent, and failed."""
    row = tx.one(
        """SELECT coalesce(sum(status = 'pending'), 0) AS waiting,
                  coalesce(sum(status NOT IN ('pending', 'failed', 'skipped')), 0) AS sent,
                  coalesce(sum(status = 'failed'), 0) AS failed
             FROM notification_deliveries
            WHERE notification_id = ? AND channel = 'push' AND subscription_id IS NOT NULL""",
        (notification_id,),
    )
    return (int(row["waiting"]), int(row["sent"]), int(row["failed"])) if row else (0, 0, 0)


def channel_delivery(tx: Tx, notification_id: str) -> Row | None:
    """The delivery of the push channel, of which those to subscriptions are parts."""
    return tx.one(
        """SELECT * FROM notification_deliveries
            WHERE notification_id = ? AND channel = 'push' AND subscription_id IS NULL""",
        (notification_id,),
    )
