"""The SQL of messages and of the daily metrics."""

from datetime import date
from typing import Any

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.sms.changes import SmsChanged

SCHEDULED, SENDING, SENT = "scheduled", "sending", "sent"
DELIVERED, UNDELIVERED, FAILED = "delivered", "undelivered", "failed"
UNKNOWN, CANCELLED, SKIPPED = "unknown", "cancelled", "skipped"
SEGMENTS = "segments"
BY_REQUEST = "cancelled by request"
"""The reason of a message that was cancelled by request, if none was given."""
IN_DOUBT = (SENDING, UNKNOWN)
ENDED = (DELIVERED, UNDELIVERED, FAILED)
NOT_DELIVERED = (UNDELIVERED, FAILED, UNKNOWN)
STATUSES = (
    SCHEDULED, SENDING, SENT, DELIVERED, UNDELIVERED, FAILED, UNKNOWN, CANCELLED, SKIPPED
)  # fmt: skip
COUNTED = (SCHEDULED, SENT, DELIVERED, FAILED, SEGMENTS)
RANK = {SCHEDULED: 0, SENDING: 1, UNKNOWN: 1, SENT: 2, DELIVERED: 3, UNDELIVERED: 3, FAILED: 3}
"""The order of states; what Twilio reports only moves a message forward."""


def add(tx: Tx, row: dict[str, Any], now: Instant) -> None:
    """Store a new message; `row` has its columns."""
    empty = dict.fromkeys(
        (
            "event_id",
            "event_title",
            "event_start_at",
            "event_end_at",
            "phone_number",
            "reason",
            "request_hash",
        )
    )
    tx.execute(
        """INSERT INTO scheduled_sms_messages (id, user_id, kind, event_id, event_title,
                   event_start_at, event_end_at, phone_number, message, message_source, send_at,
                   expires_at, status, reason, correlation_id, request_hash, created_at, updated_at)
           VALUES (:id, :user_id, :kind, :event_id, :event_title,
                   :event_start_at, :event_end_at, :phone_number, :message, :message_source,
                   :send_at, :expires_at, :status, :reason, :correlation_id, :request_hash, :now,
                   :now)""",
        {**empty, "expires_at": None, **row, "now": to_text(now)},
    )
    tx.announce(SmsChanged(row["id"]))


def change(tx: Tx, sms_id: str, now: Instant, **values: Any) -> None:
    """Set columns of a message."""
    before = find(tx, sms_id) if "status" in values else None
    names = ", ".join(f"{name} = :{name}" for name in values)
    tx.execute(
        f"UPDATE scheduled_sms_messages SET {names}, updated_at = :now WHERE id = :id",  # noqa: S608
        {**values, "now": to_text(now), "id": sms_id},
    )
    if before is not None and before["status"] != values["status"]:
        tx.announce(SmsChanged(sms_id))


def find(tx: Tx, sms_id: str) -> Row | None:
    """The message, read inside a transaction."""
    return tx.one("SELECT * FROM scheduled_sms_messages WHERE id = ?", (sms_id,))


def find_by_request(tx: Tx, user_id: str, request_hash: str) -> Row | None:
    """The message of the same earlier request, unless it was cancelled; None if there is none."""
    return tx.one(
        """SELECT * FROM scheduled_sms_messages
            WHERE user_id = ? AND request_hash = ? AND status <> 'cancelled'
            ORDER BY seq DESC LIMIT 1""",
        (user_id, request_hash),
    )


def find_by_sid(tx: Tx, sid: str) -> Row | None:
    """The message with that id at Twilio."""
    return tx.one("SELECT * FROM scheduled_sms_messages WHERE twilio_sid = ?", (sid,))


async def get(db: Database, sms_id: str) -> Row | None:
    """The message."""
    return await db.by_key("SELECT * FROM scheduled_sms_messages WHERE id = ?", (sms_id,))


async def page(
    db: Database,
    user_id: str,
    *,
    statuses: list[str] | None,
    after: tuple[str, int] | None,
    limit: int,
) -> list[Row]:
    """A user's messages by the time that they are due."""
    at, seq = after or ("", 0)
    return await db.all(
        """SELECT * FROM scheduled_sms_messages
            WHERE user_id = :user_id AND (send_at, seq) > (:at, :seq)
              AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
            ORDER BY send_at, seq LIMIT :limit""",
        {
            "user_id": user_id,
            "at": at,
            "seq": seq,
            "statuses": None if statuses is None else msgspec.json.encode(statuses).decode(),
            "limit": limit,
        },
    )


async def by_ids(db: Database, ids: list[str]) -> dict[str, Row]:
    """These messages by id; `to_number` is the number that each goes to, as far as it is known."""
    if not ids:
        return {}
    rows = await db.all(
        """SELECT m.*, coalesce(m.phone_number, p.phone_number) AS to_number
             FROM scheduled_sms_messages m
             LEFT JOIN user_sms_preferences p ON p.user_id = m.user_id
            WHERE m.id IN (SELECT value FROM json_each(?))""",
        (msgspec.json.encode(ids).decode(),),
    )
    return {str(row["id"]): row for row in rows}


def reminders_of(tx: Tx, event_id: str) -> list[Row]:
    """The event's reminders, of its current and earlier starts."""
    return tx.all(
        "SELECT * FROM scheduled_sms_messages WHERE event_id = ? ORDER BY seq", (event_id,)
    )


def waiting_of(tx: Tx, user_id: str) -> list[Row]:
    """The user's waiting messages, without verification codes."""
    return tx.all(
        """SELECT * FROM scheduled_sms_messages INDEXED BY scheduled_sms_messages_waiting
            WHERE user_id = ? AND status = 'scheduled' AND kind <> 'code' ORDER BY send_at, seq""",
        (user_id,),
    )


def sending_others(tx: Tx, user_id: str, sms_id: str) -> int:
    """How many other messages of the user are being sent and not counted yet."""
    row = tx.one(
        """SELECT count(*) AS n FROM scheduled_sms_messages
             INDEXED BY scheduled_sms_messages_sending
            WHERE user_id = ? AND status = 'sending' AND id <> ?""",
        (user_id, sms_id),
    )
    return int(row["n"]) if row else 0


async def known_sids(db: Database, phone_number: str) -> set[str]:
    """Twilio's ids of the messages to that number that are known."""
    rows = await db.all(
        """SELECT twilio_sid FROM scheduled_sms_messages
            WHERE phone_number = ? AND twilio_sid IS NOT NULL""",
        (phone_number,),
    )
    return {str(row["twilio_sid"]) for row in rows}


def to_write(tx: Tx, user_id: str, start: Instant, end: Instant, now: Instant) -> list[Row]:
    """Waiting reminders of events in `[start, end)` that have a template's text."""
    return tx.all(
        """SELECT * FROM scheduled_sms_messages
            WHERE user_id = ? AND kind = 'reminder' AND status = 'scheduled'
              AND message_source = 'template' AND event_start_at >= ? AND event_start_at < ?
              AND send_at > ? ORDER BY send_at""",
        (user_id, to_text(start), to_text(end), to_text(now)),
    )


async def due_for_reconciliation(db: Database, now: Instant, limit: int) -> list[Row]:
    """Messages that Twilio must be asked about."""
    return await db.all(
        """SELECT * FROM scheduled_sms_messages
            WHERE reconcile_at <= ? ORDER BY reconcile_at LIMIT ?""",
        (to_text(now), limit),
    )


def add_cost(tx: Tx, day: date, unit: str, micros: int) -> None:
    """Add to the cost of that UTC day, in millionths of the currency."""
    tx.execute(
        """INSERT INTO sms_costs (day, unit, micros) VALUES (?, ?, ?)
           ON CONFLICT (day, unit) DO UPDATE SET micros = micros + excluded.micros""",
        (day.isoformat(), unit, micros),
    )


async def costs(db: Database, since: date) -> list[Row]:
    """The cost of each day, by currency."""
    return await db.all(
        "SELECT day, unit, micros FROM sms_costs WHERE day >= ? ORDER BY day DESC, unit",
        (since.isoformat(),),
    )


def count(tx: Tx, name: str, now: Instant, by: int = 1) -> int:
    """Count more of that kind on the current UTC day; returns the new count."""
    row = tx.one(
        """INSERT INTO sms_metrics (day, name, count) VALUES (?, ?, ?)
           ON CONFLICT (day, name) DO UPDATE SET count = count + excluded.count
           RETURNING count""",
        (now.date().isoformat(), name, by),
    )
    return int(row["count"]) if row else 0


def ended_since(tx: Tx, since: Instant) -> tuple[int, int]:
    """How many messages due since then were delivered, and how many failed."""
    row = tx.one(
        """SELECT count(*) FILTER (WHERE status = 'delivered') AS delivered,
                  count(*) FILTER (WHERE status IN ('undelivered', 'failed')) AS failed
             FROM scheduled_sms_messages WHERE send_at >= ?""",
        (to_text(since),),
    )
    return (int(row["delivered"]), int(row["failed"])) if row else (0, 0)


async def metrics(db: Database, since: date) -> list[Row]:
    """The counts of each day, newest day first."""
    return await db.all(
        "SELECT day, name, count FROM sms_metrics WHERE day >= ? ORDER BY day DESC, name",
        (since.isoformat(),),
    )


def record_callback(
    tx: Tx, sms_id: str, status: str, error_code: int | None, changed: bool, now: Instant
) -> None:
    """Store a callback of Twilio's, with or without effect."""
    tx.execute(
        """INSERT INTO sms_callbacks (sms_id, status, error_code, changed, at)
           VALUES (?, ?, ?, ?, ?)""",
        (sms_id, status, error_code, int(changed), to_text(now)),
    )


def record_inbound(tx: Tx, sid: str, user_id: str | None, word: str, now: Instant) -> bool:
    """Store an inbound keyword; False if that message was stored before."""
    cursor = tx.execute(
        """INSERT INTO sms_inbound (twilio_sid, user_id, word, at) VALUES (?, ?, ?, ?)
           ON CONFLICT (twilio_sid) DO NOTHING""",
        (sid, user_id, word, to_text(now)),
    )
    return cursor.rowcount == 1


def verification(tx: Tx, user_id: str) -> Row | None:
    """The user's open phone verification; None if there is none."""
    return tx.one("SELECT * FROM phone_verifications WHERE user_id = ?", (user_id,))


def open_verification(tx: Tx, row: dict[str, Any]) -> None:
    """Open a verification; it replaces an earlier one."""
    tx.execute(
        """INSERT INTO phone_verifications (user_id, phone_number, sms_id, expires_at)
           VALUES (:user_id, :phone_number, :sms_id, :expires_at)
           ON CONFLICT (user_id) DO UPDATE SET phone_number = excluded.phone_number,
                  sms_id = excluded.sms_id, tries = 0, expires_at = excluded.expires_at""",
        row,
    )


def count_try(tx: Tx, user_id: str) -> None:
    """Count a wrong code."""
    tx.execute("UPDATE phone_verifications SET tries = tries + 1 WHERE user_id = ?", (user_id,))


def close_verification(tx: Tx, user_id: str) -> None:
    """Close the verification after success."""
    tx.execute("DELETE FROM phone_verifications WHERE user_id = ?", (user_id,))
