"""Stores what came of sending a message: sent, failed for certain, or nobody knows.

That it is sent is stored once, whoever learns it first: the attempt that sent it, a later one that
found it at Twilio, the cron that asks Twilio, or Twilio's callback.

The rules: docs/spec.md#sms-never-twice.
"""

from datetime import timedelta

from buildos_box.auth import daily_limits
from buildos_box.clock import local_day, to_text, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.codes import with_code
from buildos_box.sms.text import segments
from buildos_box.workspace import store as workspace

FIRST_RECONCILIATION = timedelta(minutes=5)
"""How long after sending a message Twilio is first asked for its outcome."""


def body_of(services: Services, row: Row) -> str:
    """The text of the message, with its code if it has one."""
    message = str(row["message"])
    return with_code(message, services.secret, row["id"]) if row["kind"] == "code" else message


def mark_sent(tx: Tx, services: Services, sms_id: str, sid: str) -> None:
    """Store that Twilio has the message, and count it against the daily limit.
    Does nothing twice.
    """
    row, now = store.find(tx, sms_id), services.clock.now()
    if row is None or row["sent_at"] is not None:
        return
    parts = segments(body_of(services, row))
    store.change(
        tx,
        sms_id,
        now,
        status=store.SENT,
        reason=None,
        twilio_sid=sid,
        sent_at=to_text(now),
        segments=parts,
        reconcile_at=to_text(now + FIRST_RECONCILIATION),
    )
    store.count(tx, store.SENT, now)
    store.count(tx, store.SEGMENTS, now, parts)
    user = workspace.find_user(tx, row["user_id"])
    if row["kind"] != "code" and user is not None:
        day = local_day(now, zone_or_utc(user.timezone))
        preferences_store.count_one(tx, row["user_id"], day)
        daily_limits.count(tx, row["user_id"], "sms_per_day", now)


def mark_unknown(tx: Tx, sms_id: str, services: Services, reason: str) -> None:
    """Store that nobody knows whether the message was sent; it counts once Twilio confirms it."""
    now = services.clock.now()
    reconcile_at = to_text(now + FIRST_RECONCILIATION)
    store.change(tx, sms_id, now, status=store.UNKNOWN, reason=reason, reconcile_at=reconcile_at)


def mark_failed(tx: Tx, sms_id: str, services: Services, reason: str) -> None:
    """It has certainly not left, and is not tried again by itself."""
    now = services.clock.now()
    store.change(tx, sms_id, now, status=store.FAILED, reason=reason, reconcile_at=None)
    store.count(tx, store.FAILED, now)
