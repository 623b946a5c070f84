"""The SQL of subscriptions, events and deliveries (docs/spec.md#webhooks)."""

from typing import Any

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.webhooks.changes import SubscriptionsChanged

ACTIVE, DISABLED = "active", "disabled"
PENDING, SENT, FAILED = "pending", "sent", "failed"
STATUSES = (PENDING, SENT, FAILED)


def add_subscription(
    tx: Tx,
    subscription_id: str,
    *,
    url: str,
    masked: str,
    events: list[str],
    sealed_secret: str,
    now: Instant,
) -> None:
    """Store a new subscription, active from now on."""
    tx.execute(
        """INSERT INTO webhook_subscriptions
                  (id, url, masked_url, events, sealed_secret, status, created_at)
           VALUES (?, ?, ?, ?, ?, 'active', ?)""",
        (
            subscription_id,
            url,
            masked,
            msgspec.json.encode(events).decode(),
            sealed_secret,
            to_text(now),
        ),
    )
    tx.announce(SubscriptionsChanged())


def count_subscriptions(tx: Tx) -> int:
    """How many subscriptions there are."""
    row = tx.one("SELECT count(*) FROM webhook_subscriptions")
    return int(row[0]) if row else 0


_SHOWN = """SELECT s.*, (SELECT count(*) FROM webhook_deliveries AS d
                          WHERE d.subscription_id = s.id AND d.status = 'pending') AS pending
              FROM webhook_subscriptions AS s"""


async def subscriptions(db: Database) -> list[Row]:
    """Every subscription with the number of its waiting deliveries, oldest first."""
    return await db.all(f"{_SHOWN} ORDER BY s.created_at, s.id")


async def subscription(db: Database, subscription_id: str) -> Row | None:
    """The subscription with the number of its waiting deliveries."""
    return await db.one(f"{_SHOWN} WHERE s.id = ?", (subscription_id,))


def find_subscription(tx: Tx, subscription_id: str) -> Row | None:
    """The subscription, read in a transaction."""
    return tx.one("SELECT * FROM webhook_subscriptions WHERE id = ?", (subscription_id,))


def delete_subscription(tx: Tx, subscription_id: str) -> bool:
    """Delete the subscription and its deliveries; False if there is none."""
    deleted = tx.execute("DELETE FROM webhook_subscriptions WHERE id = ?", (subscription_id,))
    tx.announce(SubscriptionsChanged())
    return deleted.rowcount == 1


def subscribers(tx: Tx, event_type: str) -> list[Row]:
    """Id and status of the subscriptions to that event type."""
    return tx.all(
        """SELECT id, status FROM webhook_subscriptions
            WHERE EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?) ORDER BY id""",
        (event_type,),
    )


def note_success(tx: Tx, subscription_id: str, now: Instant) -> None:
    """The receiver has accepted a delivery: it is not failing."""
    tx.execute(
        """UPDATE webhook_subscriptions
              SET failing_since = NULL, last_error = NULL, last_success_at = ? WHERE id = ?""",
        (to_text(now), subscription_id),
    )


def note_failure(tx: Tx, subscription_id: str, error: str, now: Instant) -> str:
    """The receiver has not accepted a delivery; returns since when none was accepted."""
    row = tx.one(
        """UPDATE webhook_subscriptions
              SET failing_since = coalesce(failing_since, :now), last_error = :error
            WHERE id = :id RETURNING failing_since""",
        {"now": to_text(now), "error": error, "id": subscription_id},
    )
    return str(row["failing_since"]) if row else to_text(now)


def disable(tx: Tx, subscription_id: str, now: Instant) -> bool:
    """Disable an active subscription; False if it was not active."""
    changed = tx.execute(
        """UPDATE webhook_subscriptions SET status = 'disabled', disabled_at = ?
            WHERE id = ? AND status = 'active'""",
        (to_text(now), subscription_id),
    )
    tx.announce(SubscriptionsChanged())
    return changed.rowcount == 1


def enable(tx: Tx, subscription_id: str) -> None:
    """Make the subscription active; its waiting deliveries may be attempted at once."""
    tx.execute(
        """UPDATE webhook_subscriptions SET status = 'active', disabled_at = NULL WHERE id = ?""",
        (subscription_id,),
    )
    tx.announce(SubscriptionsChanged())
    tx.execute(
        """UPDATE webhook_deliveries SET next_attempt_at = NULL, first_attempt_at = NULL,
                  attempts = 0
            WHERE subscription_id = ? AND status = 'pending'""",
        (subscription_id,),
    )


def add_event(
    tx: Tx,
    event_id: str,
    *,
    type: str,  # noqa: A002 (the field's name on the wire)
    user_id: str | None,
    correlation_id: str | None,
    data: str,
    at: str,
) -> int:
    """Store an event; returns its place in the order of all events."""
    seq = tx.execute(
        """INSERT INTO webhook_events (id, type, user_id, correlation_id, data, at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        (event_id, type, user_id, correlation_id, data, at),
    ).lastrowid
    assert seq is not None
    return seq


def next_attempt_at(tx: Tx, subscription_id: str, user_id: str | None) -> str | None:
    """Until when the first waiting delivery of that user is paused; None if it is not."""
    row = tx.one(
        """SELECT next_attempt_at FROM webhook_deliveries
            WHERE subscription_id = ? AND user_id IS ? AND status = 'pending'
            ORDER BY event_seq LIMIT 1""",
        (subscription_id, user_id),
    )
    return row["next_attempt_at"] if row else None


async def first_waiting(db: Database, subscription_id: str, user_id: str | None) -> Row | None:
    """The user's oldest waiting delivery to that active subscription, with its event."""
    return await db.one(
        """SELECT d.id AS delivery_id, d.attempts, d.first_attempt_at, d.next_attempt_at,
                  e.seq, e.id AS event_id, e.type, e.user_id, e.correlation_id, e.data, e.body,
                  e.at, s.id AS subscription_id, s.url, s.masked_url, s.sealed_secret
             FROM webhook_deliveries AS d
             JOIN webhook_events AS e ON e.seq = d.event_seq
             JOIN webhook_subscriptions AS s ON s.id = d.subscription_id
            WHERE d.subscription_id = ? AND d.user_id IS ? AND d.status = 'pending'
              AND s.status = 'active'
            ORDER BY d.event_seq LIMIT 1""",
        (subscription_id, user_id),
    )


def keep_body(tx: Tx, event_seq: int, body: str) -> str:
    """Store the body of an event unless it has one; returns the one that is stored."""
    row = tx.one(
        "UPDATE webhook_events SET body = coalesce(body, ?) WHERE seq = ? RETURNING body",
        (body, event_seq),
    )
    return str(row["body"]) if row else body


def record_sent(tx: Tx, delivery_id: str, http_status: int, now: Instant) -> None:
    """The receiver has accepted the delivery."""
    tx.execute(
        """UPDATE webhook_deliveries
              SET status = 'sent', attempts = attempts + 1, http_status = :status, error = NULL,
                  first_attempt_at = coalesce(first_attempt_at, :now), next_attempt_at = NULL,
                  sent_at = :now, updated_at = :now
            WHERE id = :id""",
        {"id": delivery_id, "status": http_status, "now": to_text(now)},
    )


def record_failure(
    tx: Tx,
    delivery_id: str,
    *,
    http_status: int | None,
    error: str,
    next_at: Instant | None,
    now: Instant,
) -> None:
    """The receiver has not accepted the delivery; without `next_at` it is not attempted again."""
    tx.execute(
        """UPDATE webhook_deliveries
              SET status = CASE WHEN :next IS NULL THEN 'failed' ELSE 'pending' END,
                  attempts = attempts + 1, http_status = :status, error = :error,
                  first_attempt_at = coalesce(first_attempt_at, :now), next_attempt_at = :next,
                  updated_at = :now
            WHERE id = :id""",
        {
            "id": delivery_id,
            "status": http_status,
            "error": error,
            "next": to_text(next_at) if next_at else None,
            "now": to_text(now),
        },
    )


def events_between(
    tx: Tx, subscription_id: str, *, since: str, until: str, limit: int
) -> list[Row]:
    """Events of the subscription's types with `since` <= time < `until`, oldest first."""
    return tx.all(
        """SELECT seq, user_id FROM webhook_events
            WHERE at >= ? AND at < ?
              AND type IN (SELECT value FROM json_each(
                  (SELECT events FROM webhook_subscriptions WHERE id = ?)))
            ORDER BY seq LIMIT ?""",
        (since, until, subscription_id, limit),
    )


def set_waiting(
    tx: Tx,
    delivery_id: str,
    *,
    subscription_id: str,
    event_seq: int,
    user_id: str | None,
    now: Instant,
) -> None:
    """Store that an event waits for delivery, whatever became of an earlier delivery of it."""
    tx.execute(
        """INSERT INTO webhook_deliveries
                  (id, subscription_id, event_seq, user_id, status, created_at, updated_at)
           VALUES (:id, :subscription, :event, :user, 'pending', :now, :now)
           ON CONFLICT (subscription_id, event_seq) DO UPDATE
              SET status = 'pending', attempts = 0, first_attempt_at = NULL,
                  next_attempt_at = NULL, error = NULL, updated_at = :now""",
        {
            "id": delivery_id,
            "subscription": subscription_id,
            "event": event_seq,
            "user": user_id,
            "now": to_text(now),
        },
    )


def waiting(tx: Tx, subscription_id: str | None = None) -> list[Row]:
    """Subscription and user of all waiting deliveries to active subscriptions, each pair once."""
    return tx.all(
        """SELECT DISTINCT d.subscription_id, d.user_id
             FROM webhook_deliveries AS d
             JOIN webhook_subscriptions AS s ON s.id = d.subscription_id
            WHERE d.status = 'pending' AND s.status = 'active'
              AND (:only IS NULL OR s.id = :only)""",
        {"only": subscription_id},
    )


def delete_events_before(tx: Tx, before: Instant, limit: int) -> int:
    """Delete the oldest events from before then with their deliveries, at most `limit`."""
    return tx.execute(
        """DELETE FROM webhook_events
            WHERE seq IN (SELECT seq FROM webhook_events WHERE at < ? ORDER BY seq LIMIT ?)""",
        (to_text(before), limit),
    ).rowcount


def erase_events_of(tx: Tx, user_id: str) -> None:
    """Delete the user's events and their deliveries."""
    tx.execute("DELETE FROM webhook_events WHERE user_id = ?", (user_id,))


async def deliveries(
    db: Database,
    *,
    user_id: str | None,
    event_types: list[str] | None,
    statuses: list[str] | None,
    text: str | None,
    since: str | None,
    until: str | None,
    before: int | None,
    limit: int,
) -> list[Row]:
    """Deliveries that match, newest first; None is no filter, an empty list finds nothing."""
    lists: dict[str, Any] = {
        name: None if values is None else msgspec.json.encode(values).decode()
        for name, values in (("types", event_types), ("statuses", statuses))
    }
    return await db.all(
        """SELECT d.*, e.id AS event_id, e.type AS event_type, e.correlation_id, s.masked_url
             FROM webhook_deliveries AS d
             JOIN webhook_events AS e ON e.seq = d.event_seq
             JOIN webhook_subscriptions AS s ON s.id = d.subscription_id
            WHERE (:user IS NULL OR d.user_id = :user)
              AND (:types IS NULL OR e.type IN (SELECT value FROM json_each(:types)))
              AND (:statuses IS NULL OR d.status IN (SELECT value FROM json_each(:statuses)))
              AND (:since IS NULL OR d.created_at >= :since)
              AND (:until IS NULL OR d.created_at < :until)
              AND (:text IS NULL OR instr(lower(e.type || char(10) || s.masked_url || char(10) ||
                       coalesce(d.error, '')), lower(:text)))
              AND (:before IS NULL OR d.seq < :before)
            ORDER BY d.seq DESC LIMIT :limit""",
        {
            "user": user_id,
            **lists,
            "text": text,
            "since": since,
            "until": until,
            "before": before,
            "limit": limit,
        },
    )
