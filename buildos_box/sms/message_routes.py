"""The routes of a user's messages: list, cancel, change (docs/spec.md#sms-messages)."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.params import QueryParameter

from buildos_box.auth import daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.clock import Instant, from_text, to_text, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.errors import Conflict, NotFound, Unprocessable
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.custom_text import given_text
from buildos_box.sms.fact_check import Facts, facts_of
from buildos_box.sms.llm_reminders import write_texts
from buildos_box.sms.outgoing import cancel_waiting, expiry_of, move
from buildos_box.sms.planning import deadline
from buildos_box.sms.text import reminder_text
from buildos_box.sms.views import SmsList, SmsView
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import find_language
from buildos_box.workspace.paging import clamped

MOST = 500
StatusQuery = Annotated[
    str | None, QueryParameter(name="status", description="Comma list of states")
]
LONGEST_REASON = 500
"""Longer reasons are cut to this many characters."""


class SmsCancellation(msgspec.Struct, frozen=True, kw_only=True):
    """The reason for cancelling; `cancelled by request` without one."""

    reason: str | None = None


class SmsChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The changes of a waiting message, each in camelCase or snake_case.

    `message` and `messageContent` are one field; `eventStart` and `eventEnd` are a reminder's.
    """

    message: str | None = None
    message_content: str | None = None
    scheduled_for: str | None = None
    event_start: str | None = None
    event_end: str | None = None
    in_snake_message_content: str | None = msgspec.field(name="message_content", default=None)
    in_snake_scheduled_for: str | None = msgspec.field(name="scheduled_for", default=None)
    in_snake_event_start: str | None = msgspec.field(name="event_start", default=None)
    in_snake_event_end: str | None = msgspec.field(name="event_end", default=None)

    def given(self, *names: str) -> str | None:
        """The first of these fields that was given, in either spelling; an empty one was not."""
        spellings = (spelling for name in names for spelling in (name, f"in_snake_{name}"))
        return next((text for one in spellings if (text := getattr(self, one, None))), None)


class _Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The parsed changes."""

    message: str | None
    at: Instant | None
    start: Instant | None
    end: Instant | None

    @classmethod
    def of(cls, data: SmsChange, caller: Caller) -> "_Changes":
        """Raises Unprocessable: an invalid text or time, or nothing to change."""
        message = data.given("message", "message_content")
        found = cls(
            message=given_text(message, caller) if message is not None else None,
            at=_instant("scheduledFor", data.given("scheduled_for")),
            start=_instant("eventStart", data.given("event_start")),
            end=_instant("eventEnd", data.given("event_end")),
        )
        if not any(getattr(found, name) for name in found.__struct_fields__):
            names = "message, scheduledFor, eventStart, eventEnd"
            raise Unprocessable(f"give at least one field to change: {names}")
        return found


def _instant(field: str, text: str | None) -> Instant | None:
    try:
        return from_text(text) if text is not None else None
    except ValueError as error:
        raise Unprocessable.field(field, str(error)) from error


@get("/sms/scheduled/user/{user_id:str}", tags=["SMS"])
async def list_messages(
    user_id: str,
    services: Services,
    caller: Caller,
    status: StatusQuery = None,
    cursor: str | None = None,
    limit: int = 50,
) -> SmsList:
    """A user's messages and reminders, by the time they are due, the oldest first.

    `limit` is 500 at most; more means 500. Raises NotFound (another or unknown user), Unprocessable
    (status, cursor).
    """
    caller.require_user(user_id)
    user = await workspace.get_user(services.db, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    size = clamped(limit, MOST)
    rows = await store.page(
        services.db, user_id, statuses=_statuses(status), after=_after(cursor), limit=size + 1
    )
    masked = not caller.may_act
    views = [SmsView.of(row, user.timezone, masked=masked) for row in rows[:size]]
    last = rows[size - 1] if len(rows) > size else None
    more = f"{last['send_at']}|{last['seq']}" if last is not None else None
    return SmsList(count=len(views), messages=views, data=views, next_cursor=more)


def _statuses(text: str | None) -> list[str] | None:
    found = [part.strip() for part in (text or "").split(",") if part.strip()]
    for status in found:
        if status not in store.STATUSES:
            raise Unprocessable.field(
                "status", f"{status!r} is not one of {', '.join(store.STATUSES)}"
            )
    return found or None


def _after(cursor: str | None) -> tuple[str, int] | None:
    at, bar, seq = (cursor or "").partition("|")
    if not cursor:
        return None
    if not bar or not seq.isascii() or not seq.isdecimal() or len(seq) > 18:
        raise Unprocessable.field("cursor", "is not a cursor of this server")
    return at, int(seq)


async def _cancel(services: Services, caller: Caller, sms_id: str, reason: str | None) -> SmsView:
    def cancel(tx: Tx) -> SmsView:
        row = _visible(tx, sms_id, caller)
        if row["status"] != store.CANCELLED:
            kept = " ".join((reason or "").split())[:LONGEST_REASON]
            cancel_waiting(
                tx, services, _waiting(tx, sms_id, caller), kept or store.BY_REQUEST, caller.actor
            )
            store.change(tx, sms_id, services.clock.now(), by_request=1)
        return _view(tx, sms_id, caller)

    return await services.db.write(cancel)


@post("/sms/scheduled/{sms_id:str}/cancel", status_code=200, tags=["SMS"])
async def cancel_message(
    sms_id: str, services: Services, caller: Caller, data: SmsCancellation | None = None
) -> SmsView:
    """Cancel a waiting message and its job; one that is cancelled already stays as it is.

    Raises NotFound, Conflict if it was sent or skipped.
    """
    return await _cancel(services, caller, sms_id, data.reason if data else None)


@delete("/sms/scheduled/{sms_id:str}", status_code=200, tags=["SMS"])
async def delete_message(sms_id: str, services: Services, caller: Caller) -> SmsView:
    """The same as cancelling it: what was planned stays in the list. Raises NotFound, Conflict."""
    return await _cancel(services, caller, sms_id, None)


@patch("/sms/scheduled/{sms_id:str}/update", tags=["SMS"])
async def update_message(
    sms_id: str, data: SmsChange, services: Services, caller: Caller
) -> SmsView:
    """Change the text or the time of a waiting message, or the times of a reminder's event.

    Its job moves with it; a reminder whose event moves keeps its distance from it. Raises NotFound,
    RateLimited, Conflict if it is no longer waiting or the event has another reminder at that time,
    Unprocessable (nothing to change, text, time; an event's times for a message without one).
    """
    changes = _Changes.of(data, caller)

    def update(tx: Tx) -> SmsView:
        row = _waiting(tx, sms_id, caller)
        at = changes.at
        if changes.start is not None or changes.end is not None:
            at = _move_event(tx, services, row, changes)
        if changes.message is not None:
            store.change(
                tx, sms_id, services.clock.now(), message=changes.message, message_source="given"
            )
        if at is not None:
            _reschedule(tx, services, _visible(tx, sms_id, caller), at, caller)
            if changes.at is not None:
                store.change(tx, sms_id, services.clock.now(), time_given=1)
            daily_limits.take(tx, services, caller, row["user_id"], "jobs_per_day")
        return _view(tx, sms_id, caller)

    return await services.db.write(update)


def _move_event(tx: Tx, services: Services, row: Row, changes: _Changes) -> Instant | None:
    """Store the event's new times with its reminder; returns the new time to send it, if any."""
    now = services.clock.now()
    if row["kind"] != "reminder":
        raise Unprocessable.field("eventStart", "only the reminder of an event has its times")
    if changes.end is not None:
        store.change(tx, row["id"], now, event_end_at=to_text(changes.end))
    start, before = changes.start, from_text(row["event_start_at"])
    if start is None or start == before:
        return changes.at
    others = (
        other for other in store.reminders_of(tx, row["event_id"]) if other["id"] != row["id"]
    )
    if any(other["event_start_at"] == to_text(start) for other in others):
        raise Conflict("the event has a reminder for that start already", code="already_planned")
    at = changes.at or start - (before - from_text(row["send_at"]))
    lead = preferences_store.find(tx, row["user_id"]).lead
    values = {"event_start_at": to_text(start), "expires_at": to_text(deadline(start, lead))}
    user = workspace.find_user(tx, row["user_id"])
    if row["message_source"] != "given" and user is not None:
        zone = zone_or_utc(user.timezone)
        values["message"] = reminder_text(
            row["event_title"],
            start,
            zone,
            at,
            sender=services.settings.email.from_name,
            language=find_language(tx, services, user.id),
        )
        values["message_source"] = "template"
    store.change(tx, row["id"], now, **values)
    return at


def _reschedule(tx: Tx, services: Services, row: Row, at: Instant, caller: Caller) -> None:
    now, expiry = services.clock.now(), expiry_of(row)
    if at <= now:
        raise Unprocessable.field("scheduledFor", "must be in the future")
    if row["kind"] != "reminder":
        store.change(tx, row["id"], now, expires_at=to_text(at + timedelta(hours=24)))
    elif expiry is not None and at >= expiry:
        raise Unprocessable.field("scheduledFor", "must be before the event")
    move(tx, services, _found(tx, row["id"]), at, caller.actor)


@post("/sms/scheduled/{sms_id:str}/regenerate", status_code=200, tags=["SMS"])
async def regenerate_message(
    sms_id: str, services: Services, caller: Caller, correlation_id: str
) -> SmsView:
    """Write a waiting reminder's text again, from its event's current data.

    Raises NotFound, RateLimited, Conflict if it is no longer waiting, is not a reminder, or its
    event changes meanwhile.
    """

    def read(tx: Tx) -> tuple[str, str, Facts]:
        row = _waiting(tx, sms_id, caller)
        event = workspace.find_event(tx, row["event_id"]) if row["event_id"] else None
        user = workspace.find_user(tx, row["user_id"])
        if event is None or event.start_at is None or user is None:
            raise Conflict("only a reminder of an event can be written again")
        about = (event.start_at, zone_or_utc(user.timezone), from_text(row["send_at"]))
        language, sender = find_language(tx, services, user.id), services.settings.email.from_name
        template = reminder_text(event.title, *about, sender=sender, language=language)
        facts = facts_of(event.title, event.location, *about, language=language)
        return user.id, template, facts

    def begin(tx: Tx) -> tuple[str, str, Facts]:
        found = read(tx)
        daily_limits.take(tx, services, caller, found[0], "jobs_per_day")
        return found

    user_id, template, facts = await services.db.write(begin)
    (text,) = await write_texts(
        services, [facts], user_id=user_id, job_id=None, correlation_id=correlation_id
    )

    def regenerate(tx: Tx) -> SmsView:
        _waiting(tx, sms_id, caller)
        if read(tx) != (user_id, template, facts):
            raise Conflict("the event has changed meanwhile; try again")
        source = "llm" if text else "template"
        store.change(
            tx, sms_id, services.clock.now(), message=text or template, message_source=source
        )
        return _view(tx, sms_id, caller)

    return await services.db.write(regenerate)


def _found(tx: Tx, sms_id: str) -> Row:
    row = store.find(tx, sms_id)
    if row is None:
        raise NotFound(f"there is no SMS {sms_id}")
    return row


def _visible(tx: Tx, sms_id: str, caller: Caller) -> Row:
    """The message, if the caller may see it. Raises NotFound."""
    row = _found(tx, sms_id)
    if caller.only_user not in (None, row["user_id"]):
        raise NotFound(f"there is no SMS {sms_id}")
    return row


def _view(tx: Tx, sms_id: str, caller: Caller) -> SmsView:
    row = _found(tx, sms_id)
    user = workspace.find_user(tx, row["user_id"])
    return SmsView.of(row, user.timezone if user else "UTC", masked=not caller.may_act)


def _waiting(tx: Tx, sms_id: str, caller: Caller) -> Row:
    """The message, if the caller may see it and it waits. Raises NotFound, Conflict."""
    row = _visible(tx, sms_id, caller)
    if row["status"] != store.SCHEDULED or row["kind"] == "code":
        raise Conflict(f"this SMS is {row['status']}", code="not_waiting")
    return row


ROUTES: list[Any] = [
    list_messages,
    cancel_message,
    delete_message,
    update_message,
    regenerate_message,
]
