"""Confirming a mail address that a user gave: until then only the code is sent there."""

from datetime import timedelta

from buildos_box.auth import code_limits
from buildos_box.auth.code_limits import CodeAsked
from buildos_box.auth.codes import code_of
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import Enqueued, JobType, Payload
from buildos_box.locales.messages import N_
from buildos_box.mail import bounce_store
from buildos_box.mail import confirmation_store as store
from buildos_box.mail.job import LONGEST_SESSION, RETRY
from buildos_box.mail.short_message import ShortMessageResult, send_short_message
from buildos_box.services import MailContext, Services
from buildos_box.workspace.languages import get_language
from buildos_box.workspace.model import User

VALID = timedelta(hours=1)
SUBJECT = N_("Confirm your mail address")
TEXT = N_("Your confirmation code is {code}. It is valid for an hour.")
WHY = N_(
    "Somebody has given {address} as their mail address at {url}. If that was not you, do nothing: "
    "without the code no other mail comes from there."
)


class EmailCodePayload(Payload, frozen=True, kw_only=True):
    """The address, and its code."""

    user_id: str
    confirmation_id: str


def code_name(confirmation_id: str) -> str:
    """The data that the code is computed from, besides the key."""
    return f"email-code:{confirmation_id}"


def queue_code(
    tx: Tx,
    services: Services,
    user: User,
    *,
    client: str | None = None,
    correlation_id: str | None = None,
    actor: str = "system",
) -> tuple[Enqueued, Instant]:
    """Queue a code to the user's address; returns the job, and when the code expires.

    Raises RateLimited, and Unprocessable for an address that is missing or has bounced.
    """
    if not user.email:
        raise Unprocessable.field("email", "the user has no mail address")
    if bounced := bounce_store.reason_against(tx, user.email):
        raise Unprocessable.field("email", bounced)
    now = services.clock.now()
    asked = CodeAsked(user.id, user.email.lower(), client)
    code_limits.take(tx, asked, services.settings.limits, services.secret, now)
    confirmation_id, expires = services.ids.new("confirmation", now), now + VALID
    store.begin(tx, user.id, confirmation_id, user.email, expires)
    queued = services.queue.enqueue(
        tx,
        SEND_EMAIL_CODE,
        EmailCodePayload(user_id=user.id, confirmation_id=confirmation_id),
        user_id=user.id,
        priority=1,
        correlation_id=correlation_id,
        actor=actor,
    )
    return queued, expires


async def send_code(job: Attempt[EmailCodePayload], services: Services) -> ShortMessageResult:
    """Send the code, unless it is no longer valid.

    Raises PermanentError, TransientError, LeaseLost.
    """
    confirmation = await store.get(services.db, job.payload.user_id)
    if confirmation is None or confirmation.id != job.payload.confirmation_id:
        return ShortMessageResult(None, "another code was requested, or the address is confirmed")
    if services.clock.now() >= confirmation.expires_at:
        return ShortMessageResult(None, "the code is too old")
    code = code_of(services.secret, code_name(confirmation.id))
    to, url = confirmation.address, services.settings.server.public_url
    language = await get_language(services, job.payload.user_id)
    return await send_short_message(
        services,
        job,
        confirmation.id,
        to=to,
        subject=language.say(SUBJECT),
        text="\n\n".join((language.say(TEXT, code=code), language.say(WHY, address=to, url=url))),
        about=MailContext(user_id=job.payload.user_id, event_type="email.code"),
    )


SEND_EMAIL_CODE = JobType(
    name="send_email_code",
    payload=EmailCodePayload,
    run=send_code,
    lane="email",
    timeout=LONGEST_SESSION,
    retry=RETRY,
)
