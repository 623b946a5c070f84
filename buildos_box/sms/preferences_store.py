"""The SQL of SMS preferences, daily counts, opt-outs and the next day to plan."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from buildos_box.chat import store as chat_store
from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.quiet_hours import QuietHours

SMS, CHAT = "sms", "chat"


@dataclass(frozen=True, slots=True)
class SmsPreferences:
    """One person's SMS preferences. Only the server sets `phone_verified` and the opt-out."""

    user_id: str
    phone_number: str | None = None
    phone_verified: bool = False
    opted_out: bool = False
    event_reminders_enabled: bool = False
    lead_time_minutes: int = 15
    quiet_hours_start: str | None = None
    quiet_hours_end: str | None = None
    daily_limit: int = 10
    reminder_channel: str = "sms"
    has_chat: bool = False
    """Whether a chat address is confirmed; not stored here."""

    @property
    def lead(self) -> timedelta:
        """How long before an event its reminder is sent."""
        return timedelta(minutes=self.lead_time_minutes)

    @property
    def quiet(self) -> QuietHours | None:
        """The quiet hours; None if there are none."""
        return QuietHours.of(self.quiet_hours_start, self.quiet_hours_end)

    @property
    def wants_reminders(self) -> bool:
        """Whether reminders are planned for the user."""
        if not self.event_reminders_enabled:
            return False
        if self.by_chat:
            return self.has_chat
        return self.phone_number is not None and self.phone_verified and not self.opted_out

    @property
    def by_chat(self) -> bool:
        """Whether reminders go to the user's chat, and not to their phone."""
        return self.reminder_channel == CHAT


_COLUMNS = """p.*, EXISTS (SELECT 1 FROM sms_opt_outs o
                            WHERE o.phone_number = p.phone_number) AS opted_out"""


def _of(row: Row) -> SmsPreferences:
    flags = ("phone_verified", "opted_out", "event_reminders_enabled")
    values = {name: row[name] for name in SmsPreferences.__slots__ if name != "has_chat"}
    return SmsPreferences(**values | {name: bool(values[name]) for name in flags})


def find(tx: Tx, user_id: str) -> SmsPreferences:
    """The user's preferences; the defaults if none were set."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM user_sms_preferences p WHERE user_id = ?",  # noqa: S608
        (user_id,),
    )
    found = _of(row) if row else SmsPreferences(user_id)
    return replace(found, has_chat=chat_store.address(tx, user_id) is not None)


def save(tx: Tx, wanted: SmsPreferences, now: Instant) -> None:
    """Store all of a user's preferences; an opt-out cannot be set here."""
    tx.execute(
        """INSERT INTO user_sms_preferences (user_id, phone_number, phone_verified,
                   event_reminders_enabled, lead_time_minutes, quiet_hours_start,
                   quiet_hours_end, daily_limit, reminder_channel, created_at, updated_at)
           VALUES (:user_id, :phone_number, :phone_verified,
                   :event_reminders_enabled, :lead_time_minutes, :quiet_hours_start,
                   :quiet_hours_end, :daily_limit, :reminder_channel, :now, :now)
           ON CONFLICT (user_id) DO UPDATE SET
                   phone_number = excluded.phone_number,
                   phone_verified = excluded.phone_verified,
                   event_reminders_enabled = excluded.event_reminders_enabled,
                   lead_time_minutes = excluded.lead_time_minutes,
                   quiet_hours_start = excluded.quiet_hours_start,
                   quiet_hours_end = excluded.quiet_hours_end,
                   daily_limit = excluded.daily_limit,
                   reminder_channel = excluded.reminder_channel,
                   updated_at = excluded.updated_at""",
        {
            **{name: getattr(wanted, name) for name in SmsPreferences.__slots__},
            "phone_verified": int(wanted.phone_verified),
            "event_reminders_enabled": int(wanted.event_reminders_enabled),
            "now": to_text(now),
        },
    )


async def list_all(
    db: Database, *, only_user: str | None, after: str, limit: int
) -> list[SmsPreferences]:
    """Preferences by user id; only one user's if the caller may see no others."""
    rows = await db.all(
        f"""SELECT {_COLUMNS} FROM user_sms_preferences p
             WHERE (:only IS NULL OR user_id = :only) AND user_id > :after
             ORDER BY user_id LIMIT :limit""",  # noqa: S608
        {"only": only_user, "after": after, "limit": limit},
    )
    return [_of(row) for row in rows]


def set_opt_out(tx: Tx, phone_number: str, *, out: bool, now: Instant) -> list[str]:
    """Store or remove a number's opt-out; returns the users who have that number."""
    if out:
        tx.execute(
            """INSERT INTO sms_opt_outs (phone_number, at) VALUES (?, ?)
               ON CONFLICT (phone_number) DO NOTHING""",
            (phone_number, to_text(now)),
        )
    else:
        tx.execute("DELETE FROM sms_opt_outs WHERE phone_number = ?", (phone_number,))
    rows = tx.all(
        "SELECT user_id FROM user_sms_preferences WHERE phone_number = ? ORDER BY user_id",
        (phone_number,),
    )
    return [str(row["user_id"]) for row in rows]


def proved(preferences: SmsPreferences, number: str) -> SmsPreferences:
    """The preferences after the user has verified that number."""
    return replace(preferences, phone_number=number, phone_verified=True)


def user_of_number(tx: Tx, phone_number: str) -> str | None:
    """A user with that number; None if there is none."""
    row = tx.one(
        "SELECT user_id FROM user_sms_preferences WHERE phone_number = ? LIMIT 1", (phone_number,)
    )
    return str(row["user_id"]) if row else None


def has_opted_out(tx: Tx, phone_number: str) -> bool:
    """Whether the number has opted out and not opted in again."""
    return tx.one("SELECT 1 FROM sms_opt_outs WHERE phone_number = ?", (phone_number,)) is not None


def unverify(tx: Tx, phone_number: str, now: Instant) -> None:
    """Mark a number that does not exist as unverified for everybody."""
    tx.execute(
        "UPDATE user_sms_preferences SET phone_verified = 0, updated_at = ? WHERE phone_number = ?",
        (to_text(now), phone_number),
    )


def count_on(tx: Tx, user_id: str, day: date) -> int:
    """How many messages the user got on that local day."""
    row = tx.one(
        "SELECT count FROM sms_daily_counts WHERE user_id = ? AND day = ?",
        (user_id, day.isoformat()),
    )
    return int(row["count"]) if row else 0


def count_one(tx: Tx, user_id: str, day: date) -> None:
    """Count one more message for the user's local day."""
    tx.execute(
        """INSERT INTO sms_daily_counts (user_id, day, count) VALUES (?, ?, 1)
           ON CONFLICT (user_id, day) DO UPDATE SET count = count + 1""",
        (user_id, day.isoformat()),
    )


def plan_next(tx: Tx, user_id: str, day: date, at: Instant) -> None:
    """Store when the user's next day to plan begins."""
    tx.execute(
        """INSERT INTO sms_planning (user_id, next_day, next_at) VALUES (?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET next_day = excluded.next_day,
                                               next_at = excluded.next_at""",
        (user_id, day.isoformat(), to_text(at)),
    )


def stop_planning(tx: Tx, user_id: str) -> None:
    """Plan no more days for the user."""
    tx.execute("DELETE FROM sms_planning WHERE user_id = ?", (user_id,))


def planned_until(tx: Tx, user_id: str) -> str | None:
    """The end of the last local day that was planned, as text; None if none was."""
    row = tx.one("SELECT next_at FROM sms_planning WHERE user_id = ?", (user_id,))
    return str(row["next_at"]) if row else None


async def due(db: Database, now: Instant, limit: int) -> list[str]:
    """Users whose next day has begun."""
    rows = await db.all(
        "SELECT user_id FROM sms_planning WHERE next_at <= ? ORDER BY next_at LIMIT ?",
        (to_text(now), limit),
    )
    return [str(row["user_id"]) for row in rows]


async def unplanned(db: Database, latest: Instant, after: str, limit: int) -> list[str]:
    """Users who want reminders but whose next day is not planned, or only after `latest`.

    Of those who want them in their chat, also users without an address there.
    """
    rows = await db.all(
        """SELECT p.user_id FROM user_sms_preferences p
             LEFT JOIN sms_planning d ON d.user_id = p.user_id
            WHERE p.event_reminders_enabled = 1
              AND (p.reminder_channel = 'chat'
                   OR (p.phone_verified = 1 AND p.phone_number IS NOT NULL
                       AND NOT EXISTS (SELECT 1 FROM sms_opt_outs o
                                        WHERE o.phone_number = p.phone_number)))
              AND (d.next_at IS NULL OR d.next_at > ?) AND p.user_id > ?
            ORDER BY p.user_id LIMIT ?""",
        (to_text(latest), after, limit),
    )
    return [str(row["user_id"]) for row in rows]
