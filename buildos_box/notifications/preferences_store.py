"""The SQL of what people want to be notified of, and how."""

from typing import Any

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.notifications.preferences import NotificationPreferences

_PREFERENCES = "SELECT * FROM notification_preferences WHERE user_id = ?"


def _preferences(row: Row | None) -> NotificationPreferences:
    if row is None:
        return NotificationPreferences()
    values: dict[str, Any] = {name: row[name] for name in NotificationPreferences.__struct_fields__}
    for name in ("in_app", "push", "email", "sms", "chat"):
        values[name] = bool(values[name])
    values["fallback"] = msgspec.json.decode(row["fallback"])
    values["event_types"] = msgspec.json.decode(row["event_types"])
    return NotificationPreferences(**values)


def find_preferences(tx: Tx, user_id: str) -> NotificationPreferences:
    """A user's preferences; the defaults if none were set."""
    return _preferences(tx.one(_PREFERENCES, (user_id,)))


def find_settings(tx: Tx, user_id: str) -> tuple[NotificationPreferences, bool]:
    """The same, and whether a browser of the user takes push messages."""
    row = tx.one(
        """SELECT p.*, EXISTS (SELECT 1 FROM push_subscriptions
                                WHERE user_id = :user AND active = 1) AS has_browser
             FROM (SELECT 1) LEFT JOIN notification_preferences AS p ON p.user_id = :user""",
        {"user": user_id},
    )
    assert row is not None
    return _preferences(None if row["user_id"] is None else row), bool(row["has_browser"])


async def get_preferences(db: Database, user_id: str) -> NotificationPreferences:
    """A user's preferences; the defaults if none were set."""
    return _preferences(await db.by_key(_PREFERENCES, (user_id,)))


def set_preferences(tx: Tx, user_id: str, wanted: NotificationPreferences, now: Instant) -> None:
    """Store a user's preferences."""
    values = msgspec.structs.asdict(wanted)
    values["event_types"] = msgspec.json.encode(wanted.event_types).decode()
    values["fallback"] = msgspec.json.encode(wanted.fallback).decode()
    tx.execute(
        """INSERT INTO notification_preferences
               (user_id, in_app, push, email, sms, chat, fallback, event_types, dnd_start, dnd_end,
                hourly_cap, daily_cap, due_soon_minutes, updated_at)
           VALUES (:user_id, :in_app, :push, :email, :sms, :chat, :fallback, :event_types,
                   :dnd_start, :dnd_end, :hourly_cap, :daily_cap, :due_soon_minutes, :now)
           ON CONFLICT (user_id) DO UPDATE SET
               in_app = excluded.in_app, push = excluded.push, email = excluded.email,
               sms = excluded.sms, chat = excluded.chat,
               fallback = excluded.fallback, event_types = excluded.event_types,
               dnd_start = excluded.dnd_start, dnd_end = excluded.dnd_end,
               hourly_cap = excluded.hourly_cap, daily_cap = excluded.daily_cap,
               due_soon_minutes = excluded.due_soon_minutes,
               updated_at = excluded.updated_at""",
        {**values, "user_id": user_id, "now": to_text(now)},
    )
