"""Sends one SMS; one in doubt after a crash is looked for first (docs/spec.md#sms-never-twice).

In doubt is a message that was `sending` when the process ended. The next attempt asks Twilio for a
message of that number and text (`look_up`), takes over its id if there is one, and else sends. If
the job ends before that (`listeners`), the message becomes `unknown`: `reconciliation_cron` goes on
asking about it and never sends it. Only a retry by hand may, and looks for it first as well.

What is checked before sending: docs/spec.md#sms-checks.
"""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.auth import daily_limits
from buildos_box.clock import Instant, from_text, local_day, to_text, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.retry import RetryPolicy, Snooze
from buildos_box.quiet_hours import quiet_until
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.changes import ReminderDue
from buildos_box.sms.fact_check import facts_of, fault_of
from buildos_box.sms.phone import why_not
from buildos_box.sms.preferences_store import SmsPreferences
from buildos_box.sms.record_outcome import body_of, mark_failed, mark_sent
from buildos_box.sms.text import reminder_text, signature
from buildos_box.sms.twilio_client import (
    BadNumber,
    NotAccepted,
    Outgoing,
    TwilioSender,
    Unsubscribed,
)
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import find_language

LONGEST_VALIDITY = 36_000
A_MOMENT = timedelta(seconds=30)
IN_CHAT = "it went to the chat"
SWITCHED_OFF = "SMS is switched off (sms.enabled is false)"


class SendPayload(Payload, frozen=True, kw_only=True):
    """The message to send; its content is in its row."""

    user_id: str
    sms_id: str
    expires_at: str | None = None


class SmsResult(msgspec.Struct, frozen=True, rename="camel"):
    """The outcome of a message."""

    sms_id: str
    status: str
    reason: str | None = None
    twilio_sid: str | None = None


class _NotSent(Exception):
    """The message must not be sent, for that reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sms_key(sms_id: str) -> str:
    """The dedup key of a message's job."""
    return f"sms-{sms_id}"


async def send_sms(job: Attempt[SendPayload], services: Services) -> SmsResult:
    """Send the message of the payload, unless the checks say otherwise.

    Raises PermanentError (unknown message, not configured, refused by Twilio), TransientError,
    Snooze (quiet hours, daily limit), LeaseLost.
    """
    sms_id = job.payload.sms_id
    row = await store.get(services.db, sms_id)
    if row is None:
        raise PermanentError(f"there is no SMS {sms_id}", code="unknown_sms")
    over_chat = row["channel"] == preferences_store.CHAT
    if store.RANK.get(row["status"], 0) >= store.RANK[store.SENT] and (
        row["twilio_sid"] or over_chat
    ):
        return SmsResult(sms_id, row["status"], twilio_sid=row["twilio_sid"])
    in_doubt = row["status"] in store.IN_DOUBT
    try:
        if not in_doubt and await services.db.write(lambda tx: _over_chat(tx, job, services)):
            return SmsResult(sms_id, store.SENT, IN_CHAT)
        if not (in_doubt or services.settings.sms.enabled):
            raise _NotSent(SWITCHED_OFF)
        sender = _sender(services, in_doubt)
        if in_doubt:
            number = row["phone_number"]
        else:
            number = await services.db.write(lambda tx: _ready(tx, job, services))
            row = await store.get(services.db, sms_id) or row
        sid = await _send(job, services, sender, row, number)
    except _NotSent as skip:
        reason = skip.reason
        await services.db.write(lambda tx: _skip(tx, job, services, reason))
        return SmsResult(sms_id, store.SKIPPED, reason)
    except Unsubscribed:
        await services.db.write(lambda tx: _unsubscribed(tx, job, services, number))
        return SmsResult(sms_id, store.SKIPPED, "opted_out")
    except NotAccepted as refused:
        if not in_doubt:
            before = row
            await services.db.write(lambda tx: _wait_again(tx, job, services, before))
        raise refused
    except PermanentError as error:
        failure = error
        await services.db.write(lambda tx: _failed(tx, job, services, failure))
        raise
    return SmsResult(sms_id, store.SENT, twilio_sid=sid)


def _sender(services: Services, in_doubt: bool) -> TwilioSender:
    try:
        return TwilioSender(services.settings, services.twilio_http)
    except PermanentError as error:
        raise (_unanswered(error) if in_doubt else error) from error


def _unanswered(error: PermanentError) -> TransientError:
    """An error of asking Twilio says nothing about the message, so it is tried again."""
    return TransientError(error.message, code=error.code)


async def _send(
    job: Attempt[SendPayload], services: Services, sender: TwilioSender, row: Row, number: str
) -> str:
    sms_id, now = str(row["id"]), services.clock.now()
    message = Outgoing(
        to=number,
        body=body_of(services, row),
        validity=_validity(row, now),
        callback=_callback(services, sms_id),
    )

    async def look_up() -> str | None:
        if row["status"] not in store.IN_DOUBT:
            return None  # Twilio has refused every try so far
        since = from_text(row["sending_since"]) if row["sending_since"] else now
        known = await store.known_sids(services.db, number)
        try:
            return await sender.find_sent_message(message, since, known)
        except PermanentError as error:
            raise _unanswered(error) from error

    async def send() -> str:
        if row["status"] not in store.IN_DOUBT:
            return await sender.send(message)
        # It was not sent, so what has changed meanwhile counts.
        return await sender.send(await services.db.write(checked_again))

    def checked_again(tx: Tx) -> Outgoing:
        to = _check(tx, job, services)
        store.change(tx, sms_id, services.clock.now(), phone_number=to)
        _make_reminder_text(tx, services, sms_id, not_sent=True)
        return replace(message, to=to, body=body_of(services, store.find(tx, sms_id) or row))

    return await external_effects.once(
        services,
        job,
        key=f"sms:{sms_id}",
        kind="sms",
        send=send,
        look_up=look_up,
        on_intent=lambda tx: _on_intent(tx, job, services, number),
        on_outcome=lambda tx, sid: mark_sent(tx, services, sms_id, sid),
    )


def _validity(row: Row, now: Instant) -> int | None:
    if row["expires_at"] is None:
        return None
    left = int((from_text(row["expires_at"]) - now).total_seconds())
    return max(1, min(left, LONGEST_VALIDITY))


def _callback(services: Services, sms_id: str) -> str | None:
    """The address of Twilio's status callback; None without a configured public address."""
    if not services.settings.server.base_url:
        return None
    return f"{services.settings.server.public_url}/webhooks/twilio/status?sms={sms_id}"


def _check(tx: Tx, job: Attempt[SendPayload], services: Services) -> str:
    """The number that the message may be sent to now. Raises _NotSent, Snooze, LeaseLost."""
    job.ensure_lease(tx)
    now, row = services.clock.now(), store.find(tx, job.payload.sms_id)
    if row is None:
        raise _NotSent("gone")
    if row["status"] in (store.CANCELLED, store.SKIPPED):
        raise _NotSent(row["reason"] or row["status"])
    user = workspace.find_user(tx, row["user_id"])
    preferences = preferences_store.find(tx, row["user_id"])
    if _goes_to_chat(row, preferences):
        raise Snooze(now, "its channel has just changed")
    given = row["phone_number"] if row["kind"] in ("message", "code") else None
    number = given or preferences.phone_number
    if user is None or number is None:
        raise _NotSent("no_phone_number")
    if preferences_store.has_opted_out(tx, number):
        raise _NotSent("opted_out")
    if why_not(number, services.settings.sms) is not None:
        raise _NotSent("number_not_allowed")
    if row["kind"] == "code":
        return str(number)
    if given is None and not preferences.phone_verified:
        raise _NotSent("phone_not_verified")
    zone = zone_or_utc(user.timezone)
    if row["kind"] == "reminder":
        _check_event(tx, row, preferences.event_reminders_enabled)
    _check_hours(row, preferences, now, zone)
    got = preferences_store.count_on(tx, user.id, local_day(now, zone))
    ceiling = daily_limits.is_reached(tx, services, user.id, "sms_per_day")
    if got >= preferences.daily_limit or ceiling:
        raise _NotSent("daily_limit")
    # A message in doubt counted against the limit first: two messages must not wait for each other.
    others = 0 if row["status"] in store.IN_DOUBT else store.sending_others(tx, user.id, row["id"])
    if got + others >= preferences.daily_limit:
        raise Snooze(now + A_MOMENT, "the day's last messages are being sent")
    return str(number)


def _check_hours(row: Row, preferences: SmsPreferences, now: Instant, zone: ZoneInfo) -> None:
    end = quiet_until(preferences.quiet, now, zone)
    if end is not None:
        if row["expires_at"] is not None and to_text(end) >= row["expires_at"]:
            raise _NotSent("quiet_hours")
        raise Snooze(end, f"quiet hours until {end.astimezone(zone):%H:%M} {zone.key}")


def _goes_to_chat(row: Row, preferences: SmsPreferences) -> bool:
    """Whether it is a reminder for the chat; one that was begun as an SMS stays one."""
    fresh = row["status"] not in store.IN_DOUBT
    return row["kind"] == "reminder" and fresh and preferences.by_chat


def _over_chat(tx: Tx, job: Attempt[SendPayload], services: Services) -> bool:
    """Hand a reminder for the chat over to the notifications, in this transaction.

    False if it goes to a phone. Neither Twilio nor the limits of SMS concern it. Raises _NotSent,
    Snooze, LeaseLost.
    """
    job.ensure_lease(tx)
    now, row = services.clock.now(), store.find(tx, job.payload.sms_id)
    if row is None:
        raise _NotSent("gone")
    preferences = preferences_store.find(tx, row["user_id"])
    if not _goes_to_chat(row, preferences):
        return False
    if row["status"] in (store.CANCELLED, store.SKIPPED):
        raise _NotSent(row["reason"] or row["status"])
    user = workspace.find_user(tx, row["user_id"])
    if user is None or not preferences.has_chat:
        raise _NotSent("no_chat_address")
    _check_event(tx, row, preferences.event_reminders_enabled)
    _check_hours(row, preferences, now, zone_or_utc(user.timezone))
    _make_reminder_text(tx, services, row["id"])
    made = store.find(tx, row["id"]) or row
    store.change(
        tx, row["id"], now, status=store.SENT, channel=preferences_store.CHAT, sent_at=to_text(now)
    )
    text = made["message"].removeprefix(signature(services.settings.email.from_name))
    tx.announce(ReminderDue(row["id"], text))
    return True


def _ready(tx: Tx, job: Attempt[SendPayload], services: Services) -> str:
    """Check the message and make its text; returns the number. Raises _NotSent, Snooze."""
    number = _check(tx, job, services)
    _make_reminder_text(tx, services, job.payload.sms_id)
    return number


def _make_reminder_text(tx: Tx, services: Services, sms_id: str, *, not_sent: bool = False) -> None:
    """Let a reminder say what is so at this moment, whenever it was planned or promoted to be sent.

    One in doubt keeps the text by which it is found at Twilio, unless it is known that it was
    `not_sent`.
    """
    row, now = store.find(tx, sms_id), services.clock.now()
    if row is None or row["kind"] != "reminder" or row["message_source"] == "given":
        return
    user, event = workspace.find_user(tx, row["user_id"]), workspace.find_event(tx, row["event_id"])
    if user is None or event is None or not (not_sent or row["status"] == store.SCHEDULED):
        return
    sender = services.settings.email.from_name
    about = (from_text(row["event_start_at"]), zone_or_utc(user.timezone), now)
    language = find_language(tx, services, user.id)
    if row["message_source"] == "llm":
        facts = facts_of(event.title, event.location, *about, language=language)
        if fault_of(row["message"].removeprefix(signature(sender)), facts) is None:
            return
    text = reminder_text(event.title, *about, sender=sender, language=language)
    store.change(tx, sms_id, now, message=text, message_source="template", event_title=event.title)


def _check_event(tx: Tx, row: Row, enabled: bool) -> None:
    event = workspace.find_event(tx, row["event_id"])
    if not enabled:
        raise _NotSent("reminders_off")
    if event is None or event.status != "confirmed" or event.declined or event.all_day:
        raise _NotSent("event_gone")
    if event.start_at is None or to_text(event.start_at) != row["event_start_at"]:
        raise _NotSent("event_moved")


def _on_intent(tx: Tx, job: Attempt[SendPayload], services: Services, number: str) -> None:
    """Check again, because another message may have used the day's last place meanwhile."""
    sms_id, now = job.payload.sms_id, services.clock.now()
    row = store.find(tx, sms_id)
    fresh = row is None or row["status"] not in store.IN_DOUBT
    if fresh and _check(tx, job, services) != number:
        raise Snooze(now, "its number has just changed")
    since = (row["sending_since"] if row else None) or to_text(now)
    store.change(
        tx, sms_id, now, status=store.SENDING, phone_number=number, sending_since=since, reason=None
    )


def _skip(tx: Tx, job: Attempt[SendPayload], services: Services, reason: str) -> None:
    job.ensure_lease(tx)
    row, now = store.find(tx, job.payload.sms_id), services.clock.now()
    if row is not None and row["status"] not in (store.CANCELLED, store.SKIPPED):
        store.change(tx, row["id"], now, status=store.SKIPPED, reason=reason)
        store.count(tx, f"skipped:{reason}", now)


def _unsubscribed(tx: Tx, job: Attempt[SendPayload], services: Services, number: str) -> None:
    row = store.find(tx, job.payload.sms_id)
    number = (row and row["phone_number"]) or number
    for user_id in preferences_store.set_opt_out(tx, number, out=True, now=services.clock.now()):
        preferences_store.stop_planning(tx, user_id)
    _skip(tx, job, services, "opted_out")


def _wait_again(tx: Tx, job: Attempt[SendPayload], services: Services, before: Row) -> None:
    """Twilio does not have the message: it waits again, and is checked again next time."""
    job.ensure_lease(tx)
    store.change(
        tx,
        before["id"],
        services.clock.now(),
        status=store.SCHEDULED,
        phone_number=before["phone_number"],
        sending_since=None,
    )


def _failed(tx: Tx, job: Attempt[SendPayload], services: Services, error: PermanentError) -> None:
    job.ensure_lease(tx)
    row, now = store.find(tx, job.payload.sms_id), services.clock.now()
    if row is None:
        return
    if isinstance(error, BadNumber) and row["phone_number"]:
        preferences_store.unverify(tx, row["phone_number"], now)
    mark_failed(tx, row["id"], services, error.message)


SEND_SMS = JobType(
    name="send_sms",
    payload=SendPayload,
    run=send_sms,
    lane="sms",
    timeout=timedelta(minutes=2),
    max_attempts=5,
    retry=RetryPolicy(retry_for=timedelta(days=1), longest_delay=timedelta(minutes=2)),
    dedup_key=lambda payload: sms_key(payload.sms_id),
    expires_at=lambda payload: from_text(payload.expires_at) if payload.expires_at else None,
)
