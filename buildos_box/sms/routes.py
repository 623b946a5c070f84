"""SMS over HTTP: preferences and messages (docs/spec.md#sms)."""

import hashlib
from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import Parameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Tx
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.services import Services
from buildos_box.sms import message_routes, metrics_routes, phone_routes, preferences_store
from buildos_box.sms.custom_text import given_text
from buildos_box.sms.outgoing import add_message
from buildos_box.sms.phone import e164
from buildos_box.sms.preferences import SmsSettingsRequest, SmsSettingsView, changed
from buildos_box.sms.schedule_job import plan_today
from buildos_box.workspace import store as workspace

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


@get("/sms/scheduled", tags=["SMS"])
async def get_schedule(
    services: Services,
    caller: Caller,
    cursor: str = "",
    limit: Count = 500,
    user: str | None = None,
) -> SmsSchedule:
    """SMS preferences by user, of all users that the caller may see, or of one.

    Raises NotFound for another user than the caller may see.
    """
    if user is not None:
        caller.require_user(user)
    found = await preferences_store.list_all(
        services.db, only_user=caller.only_user or user, after=cursor, limit=limit
    )
    more = found[-1].user_id if len(found) == limit else None
    return SmsSchedule([SmsSettingsView.of(preferences) for preferences in found], more)


@post("/sms/scheduled", status_code=200, tags=["SMS"])
async def post_schedule(data: SmsSettingsRequest, services: Services, caller: Caller) -> Updated:
    """Change a user's SMS preferences, and plan their day again.

    Raises NotFound, Unprocessable (naming the field), Forbidden (`phone_verified`).
    """
    caller.require_user(data.user_id)

    def save(tx: Tx) -> bool:
        if workspace.find_user(tx, data.user_id) is None:
            raise NotFound(f"there is no user {data.user_id}")
        before = preferences_store.find(tx, data.user_id)
        wanted = changed(before, data, services.settings, service=caller.is_service)
        if wanted == before:
            return False
        preferences_store.save(tx, wanted, services.clock.now())
        plan_today(tx, services, data.user_id)
        return True

    return Updated(success=True, updated=await services.db.write(save))


@post("/queue/sms", status_code=200, tags=["SMS"])
async def queue_sms(
    data: SmsRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
    idempotent: IdempotentRequest,
) -> SmsQueued:
    """Queue one message.

    A number other than the user's own needs a service or admin token. With `scheduledFor` the
    request may be repeated: the same text to the same number at the same time is one message.
    Raises NotFound (another or unknown user), Forbidden (a number with a user's token),
    Unprocessable (number, text or time; no number known; an Idempotency-Key of another request),
    Conflict, Malformed, RateLimited, Unavailable.
    """
    caller.require_user(data.user_id)
    if data.phone_number is not None:
        caller.require_service()
    number = e164(data.phone_number, services.settings.sms) if data.phone_number else None
    text = given_text(data.message, caller)
    at = _instant(data.scheduled_for) if data.scheduled_for else services.clock.now()

    def add(tx: Tx) -> SmsQueued:
        if workspace.find_user(tx, data.user_id) is None:
            raise NotFound(f"there is no user {data.user_id}")
        if number is None and preferences_store.find(tx, data.user_id).phone_number is None:
            raise Unprocessable.field("phoneNumber", "is required, as the user has no number")
        sms_id, job_id = add_message(
            tx,
            services,
            user_id=data.user_id,
            kind="message",
            message=text,
            phone_number=number,
            at=at,
            expires_at=max(at, services.clock.now()) + timedelta(hours=24),
            request_hash=_request_hash(number, at, text) if data.scheduled_for else None,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
        return SmsQueued(True, job_id, sms_id, to_text(at))

    return await idempotent.once(services, data.user_id, add, SmsQueued)


def _request_hash(number: str | None, at: Instant, text: str) -> str:
    content = "\n".join((number or "", to_text(at), text))
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def _instant(text: str) -> Instant:
    try:
        return from_text(text)
    except ValueError as error:
        raise Unprocessable.field("scheduledFor", str(error)) from error


ROUTES = [
    get_schedule,
    post_schedule,
    queue_sms,
    *message_routes.ROUTES,
    *phone_routes.ROUTES,
    *metrics_routes.ROUTES,
]
