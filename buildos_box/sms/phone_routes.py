"""Verifying a phone number by a code (docs/spec.md#phone-verification)."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, post

from buildos_box.auth import code_limits, codes
from buildos_box.auth.caller import Caller
from buildos_box.auth.code_limits import CodeAsked
from buildos_box.auth.rate_limits import client_address
from buildos_box.clock import from_text, to_text
from buildos_box.db import Tx
from buildos_box.errors import Conflict, NotFound, Unprocessable
from buildos_box.locales.messages import N_
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.codes import PLACE, code_name
from buildos_box.sms.outgoing import add_message
from buildos_box.sms.phone import e164
from buildos_box.sms.schedule_job import plan_today
from buildos_box.sms.text import plain, signature
from buildos_box.sms.twilio_client import why_off
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import find_language

AnyRequest = Request[Any, Any, Any]
VALID = timedelta(minutes=10)
TEXT = N_("Your verification code is {code}. It is valid for 10 minutes.")
"""After the sender's name."""


class PhoneRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The number to verify."""

    phone_number: str


class CodeRequest(msgspec.Struct, frozen=True):
    """The code that was sent."""

    code: str


class CodeSent(msgspec.Struct, frozen=True, rename="camel"):
    """When the code expires, and the job that sends it."""

    success: bool
    job_id: str
    expires_at: str


class Verified(msgspec.Struct, frozen=True, rename="camel"):
    """The number that was verified."""

    success: bool
    phone_number: str


@post("/users/{user_id:str}/phone", status_code=200, tags=["SMS"])
async def ask_code(
    user_id: str,
    data: PhoneRequest,
    request: AnyRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
) -> CodeSent:
    """Send a six-digit code to a number; `limits.codes_…` say how often.

    Raises Conflict where the box can send no SMS, NotFound, Unprocessable (number), RateLimited.
    """
    caller.require_user(user_id)
    number = e164(data.phone_number, services.settings.sms)
    if why := why_off(services.settings.sms):
        raise Conflict(f"no code can be sent: {why.sentence}", code=why.code)
    asked = CodeAsked(user_id, number, client_address(request, caller))

    def ask(tx: Tx) -> CodeSent:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"there is no user {user_id}")
        if preferences_store.has_opted_out(tx, number):
            raise Unprocessable.field(
                "phoneNumber", "has opted out of our messages; send START from it to opt in again"
            )
        now, language = services.clock.now(), find_language(tx, services, user_id)
        code_limits.take(tx, asked, services.settings.limits, services.secret, now)
        expires = now + VALID
        sms_id, job_id = add_message(
            tx,
            services,
            user_id=user_id,
            kind="code",
            message=signature(services.settings.email.from_name)
            + plain(language.say(TEXT, code=PLACE)),
            phone_number=number,
            at=now,
            expires_at=expires,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
        store.open_verification(
            tx,
            {
                "user_id": user_id,
                "phone_number": number,
                "sms_id": sms_id,
                "expires_at": to_text(expires),
            },
        )
        return CodeSent(True, job_id, to_text(expires))

    return await services.db.write(ask)


@post("/users/{user_id:str}/phone/verify", status_code=200, tags=["SMS"])
async def verify_code(
    user_id: str, data: CodeRequest, services: Services, caller: Caller
) -> Verified:
    """Verify the number by its code: five tries, ten minutes.

    Raises NotFound (another user), Unprocessable (no code, expired, too many tries, wrong).
    """
    caller.require_user(user_id)

    def verify(tx: Tx) -> str | None:
        """The number; None if the code is wrong, so that the try is counted."""
        now, row = services.clock.now(), store.verification(tx, user_id)
        sent = None
        if row is not None:
            expires = from_text(row["expires_at"])
            sent = codes.OpenCode(code_name(row["sms_id"]), expires, row["tries"])
        if not codes.check(data.code, services.secret, sent, now):
            store.count_try(tx, user_id)
            return None
        assert row is not None
        store.close_verification(tx, user_id)
        number = str(row["phone_number"])
        preferences = preferences_store.find(tx, user_id)
        preferences_store.save(tx, preferences_store.proved(preferences, number), now)
        plan_today(tx, services, user_id)
        return number

    number = await services.db.write(verify)
    if number is None:
        raise codes.wrong()
    return Verified(True, number)


ROUTES = [ask_code, verify_code]
