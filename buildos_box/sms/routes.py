"""SMS over HTTP: preferences and messages (docs/spec.md#sms)."""

import hashlib
from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get, patch, post
from litestar.params import Parameter

from buildos_box.auth import daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.clock import Instant, from_text, to_text, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.errors import Conflict, Impossible, NotFound
from buildos_box.services import Services
from buildos_box.sms import metrics_routes, phone_routes, preferences_store, store
from buildos_box.sms.outgoing import add_message, expiry_of, move, stop
from buildos_box.sms.phone import e164
from buildos_box.sms.preferences import SmsSettingsRequest, SmsSettingsView, changed
from buildos_box.sms.schedule_job import plan_today
from buildos_box.sms.text import plain, reminder_text, segments
from buildos_box.sms.writing import Facts, facts_of, write_texts
from buildos_box.workspace import store as workspace
from buildos_box.workspace.paging import decode_cursor, encode_cursor

LONGEST_MESSAGE = 1_000
SEGMENTS_FOR_USERS = 2
"""Of a text that comes by a user's token: each segment is billed."""
Count = Annotated[int, Parameter(ge=1, le=500)]


class SmsSchedule(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The SMS preferences that the caller may see."""

    schedule: list[SmsSettingsView]
    next_cursor: str | None = None


class Updated(msgspec.Struct, frozen=True):
    """Whether anything was changed."""

    success: bool
    updated: bool


class SmsRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message to one person; without a number, to the user's own."""

    user_id: str
    message: str
    phone_number: str | None = None
    scheduled_for: str | None = None


class SmsQueued(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to `POST /queue/sms`."""

    success: bool
    job_id: str
    sms_id: str
    scheduled_for: str


class SmsChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The changes of a waiting message."""

    message: str | None = None
    scheduled_for: str | None = None


class SmsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message and its outcome."""

    id: str
    user_id: str
    kind: str
    event_id: str | None
    event_title: str | None
    event_start_at: str | None
    phone_number: str | None
    message: str
    message_source: str
    send_at: str
    status: str
    reason: str | None
    twilio_sid: str | None
    error_code: int | None
    segments: int | None
    price: str | None
    price_unit: str | None
    sent_at: str | None
    delivered_at: str | None
    created_at: str

    @classmethod
    def of(cls, row: Row) -> "SmsView":
        """The view of one row."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


class SmsList(msgspec.Struct, frozen=True, rename="camel"):
    """A page of messages, newest first."""

    messages: list[SmsView]
    next_cursor: str | None = None


@get("/sms/scheduled", tags=["SMS"])
async def get_schedule(
    box: Services, caller: Caller, cursor: str = "", limit: Count = 500
) -> SmsSchedule:
    """SMS preferences by user, of all users that the caller may see."""
    found = await preferences_store.list_all(
        box.db, only_user=caller.only_user, after=cursor, limit=limit
    )
    more = found[-1].user_id if len(found) == limit else None
    return SmsSchedule([SmsSettingsView.of(preferences) for preferences in found], more)


@post("/sms/scheduled", status_code=200, tags=["SMS"])
async def post_schedule(data: SmsSettingsRequest, box: Services, caller: Caller) -> Updated:
    """Change a user's SMS preferences, and plan their day again.

    Raises NotFound, Impossible (naming the field), Forbidden (`phone_verified`).
    """
    caller.require_user(data.user_id)

    def save(tx: Tx) -> bool:
        if workspace.find_user(tx, data.user_id) is None:
            raise NotFound(f"there is no user {data.user_id}")
        before = preferences_store.find(tx, data.user_id)
        wanted = changed(before, data, box.settings, service=caller.is_service)
        if wanted == before:
            return False
        preferences_store.save(tx, wanted, box.clock.now())
        plan_today(tx, box, data.user_id)
        return True

    return Updated(success=True, updated=await box.db.write(save))


@post("/queue/sms", status_code=200, tags=["SMS"])
async def queue_sms(
    data: SmsRequest, box: Services, caller: Caller, correlation_id: str, asked: IdempotentRequest
) -> SmsQueued:
    """Queue one message.

    A number other than the user's own needs a service or admin token. With `scheduledFor` the
    request may be repeated: the same text to the same number at the same time is one message.
    Raises NotFound (another or unknown user), Forbidden (a number with a user's token), Impossible
    (number, text or time; no number known; an Idempotency-Key of another request), Conflict,
    Malformed, RateLimited, Unavailable.
    """
    caller.require_user(data.user_id)
    if data.phone_number is not None:
        caller.require_service()
    number = e164(data.phone_number, box.settings.sms) if data.phone_number else None
    text = _text(data.message, caller)
    at = _instant(data.scheduled_for) if data.scheduled_for else box.clock.now()

    def add(tx: Tx) -> SmsQueued:
        if workspace.find_user(tx, data.user_id) is None:
            raise NotFound(f"there is no user {data.user_id}")
        if number is None and preferences_store.find(tx, data.user_id).phone_number is None:
            raise Impossible.field("phoneNumber", "is required: the user has no number")
        sms_id, job_id = add_message(
            tx,
            box,
            user_id=data.user_id,
            kind="message",
            message=text,
            phone_number=number,
            at=at,
            expires_at=max(at, box.clock.now()) + timedelta(hours=24),
            asked_as=_asked_as(number, at, text) if data.scheduled_for else None,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
        return SmsQueued(True, job_id, sms_id, to_text(at))

    return await asked.once(box, data.user_id, add, SmsQueued)


def _asked_as(number: str | None, at: Instant, text: str) -> str:
    asked = "\n".join((number or "", to_text(at), text))
    return hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()


@get("/sms/scheduled/user/{user_id:str}", tags=["SMS"])
async def list_messages(
    user_id: str, box: Services, caller: Caller, cursor: str | None = None, limit: Count = 50
) -> SmsList:
    """A user's messages and reminders, newest first. Raises NotFound for another user."""
    caller.require_user(user_id)
    rows = await store.page(box.db, user_id, before=decode_cursor(cursor), limit=limit)
    more = encode_cursor(rows[-1]["seq"]) if len(rows) == limit else None
    return SmsList([SmsView.of(row) for row in rows], more)


@post("/sms/scheduled/{sms_id:str}/cancel", status_code=200, tags=["SMS"])
async def cancel_message(sms_id: str, box: Services, caller: Caller) -> SmsView:
    """Cancel a waiting message and its job.

    Raises NotFound, Conflict if it is no longer waiting.
    """

    def cancel(tx: Tx) -> Row:
        stop(tx, box, _waiting(tx, sms_id, caller), store.BY_REQUEST, caller.actor)
        return _found(tx, sms_id)

    return SmsView.of(await box.db.write(cancel))


@patch("/sms/scheduled/{sms_id:str}/update", tags=["SMS"])
async def update_message(sms_id: str, data: SmsChange, box: Services, caller: Caller) -> SmsView:
    """Change the text or the time of a waiting message; its job moves with it.

    Raises NotFound, Conflict if it is no longer waiting, Impossible (text, time).
    """
    text = _text(data.message, caller) if data.message is not None else None
    at = _instant(data.scheduled_for) if data.scheduled_for is not None else None

    def update(tx: Tx) -> Row:
        row = _waiting(tx, sms_id, caller)
        if text is not None:
            store.change(tx, sms_id, box.clock.now(), message=text, message_source="given")
        expiry = expiry_of(row)
        if at is not None and row["kind"] == "reminder" and expiry is not None and at >= expiry:
            raise Impossible.field("scheduledFor", "must be before the event")
        if at is not None:
            if row["kind"] != "reminder":
                late = to_text(at + timedelta(hours=24))
                store.change(tx, sms_id, box.clock.now(), expires_at=late)
            store.change(tx, sms_id, box.clock.now(), time_given=1)
            move(tx, box, _found(tx, sms_id), at, caller.actor)
            daily_limits.take(tx, box, caller, row["user_id"], "jobs_per_day")
        return _found(tx, sms_id)

    return SmsView.of(await box.db.write(update))


@post("/sms/scheduled/{sms_id:str}/regenerate", status_code=200, tags=["SMS"])
async def regenerate_message(
    sms_id: str, box: Services, caller: Caller, correlation_id: str
) -> SmsView:
    """Write a waiting reminder's text again, from its event's current data.

    Raises NotFound, Conflict if it is no longer waiting, is not a reminder, or its event changes
    meanwhile.
    """

    def read(tx: Tx) -> tuple[str, str, Facts]:
        row = _waiting(tx, sms_id, caller)
        event = workspace.find_event(tx, row["event_id"]) if row["event_id"] else None
        user = workspace.find_user(tx, row["user_id"])
        if event is None or event.start_at is None or user is None:
            raise Conflict("only a reminder of an event can be written again")
        about = (event.start_at, zone_or_utc(user.timezone), from_text(row["send_at"]))
        template = reminder_text(event.title, *about)
        return user.id, template, facts_of(event.title, event.location, *about)

    def begin(tx: Tx) -> tuple[str, str, Facts]:
        found = read(tx)
        daily_limits.take(tx, box, caller, found[0], "jobs_per_day")
        return found

    user_id, template, facts = await box.db.write(begin)
    (text,) = await write_texts(
        box, [facts], user_id=user_id, job_id=None, correlation_id=correlation_id
    )

    def regenerate(tx: Tx) -> Row:
        _waiting(tx, sms_id, caller)
        if read(tx) != (user_id, template, facts):
            raise Conflict("the event has changed meanwhile; try again")
        source = "llm" if text else "template"
        store.change(tx, sms_id, box.clock.now(), message=text or template, message_source=source)
        return _found(tx, sms_id)

    return SmsView.of(await box.db.write(regenerate))


def _found(tx: Tx, sms_id: str) -> Row:
    row = store.find(tx, sms_id)
    if row is None:
        raise NotFound(f"there is no SMS {sms_id}")
    return row


def _waiting(tx: Tx, sms_id: str, caller: Caller) -> Row:
    """The message, if the caller may see it and it waits. Raises NotFound, Conflict."""
    row = _found(tx, sms_id)
    if caller.only_user not in (None, row["user_id"]):
        raise NotFound(f"there is no SMS {sms_id}")
    if row["status"] != store.SCHEDULED or row["kind"] == "code":
        raise Conflict(f"this SMS is {row['status']}", code="not_waiting")
    return row


def _text(message: str, caller: Caller) -> str:
    """The text as it is sent. Raises Impossible, for users also if it costs too many segments."""
    text = plain(message, links=True)
    if not 1 <= len(text) <= LONGEST_MESSAGE:
        raise Impossible.field("message", f"must have 1 to {LONGEST_MESSAGE} characters")
    if caller.only_user is not None and segments(text) > SEGMENTS_FOR_USERS:
        raise Impossible.field(
            "message", f"must fit {SEGMENTS_FOR_USERS} segments, but needs {segments(text)}"
        )
    return text


def _instant(text: str) -> Instant:
    try:
        return from_text(text)
    except ValueError as error:
        raise Impossible.field("scheduledFor", str(error)) from error


ROUTES = [
    get_schedule,
    post_schedule,
    queue_sms,
    list_messages,
    cancel_message,
    update_message,
    regenerate_message,
    *phone_routes.ROUTES,
    *metrics_routes.ROUTES,
]
