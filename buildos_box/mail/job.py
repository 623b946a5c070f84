"""The job that sends one mail (docs/spec.md#mail-checks)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.clock import from_text
from buildos_box.db import StorageError, Tx
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.retry import RetryPolicy
from buildos_box.mail import bounce_store, refusal_store, store
from buildos_box.mail.changes import EmailBounced
from buildos_box.mail.render import Rendered, Sender, render
from buildos_box.mail.transport_errors import AddressBounced, OutcomeUnknown, UnusableAddress
from buildos_box.page_links import PageLinks
from buildos_box.services import Services
from buildos_box.workspace import store as workspace

BRIEFS = "briefs"
RETRY = RetryPolicy(retry_for=timedelta(days=1), longest_delay=timedelta(minutes=15))
"""How long a mail is tried while the server is busy, greylists or is down (RFC 5321, 4.5.4.1)."""
LONGEST_SESSION = timedelta(minutes=45)
"""Longer than all steps of an SMTP session together."""
UNCONFIRMED = "the address is not confirmed"
UNSUBSCRIBED = "unsubscribed"
AGAIN = "repeated with the same Message-ID: the last attempt had no known outcome"


class BriefEmailPayload(Payload, frozen=True, kw_only=True):
    """The mail to send; its content is in its row."""

    user_id: str
    email_id: str
    brief_id: str
    recipient_email: str
    expires_at: str | None = None


def email_key(brief_id: str) -> str:
    """The dedup key of a brief's mail job."""
    return f"brief-email-{brief_id}"


class EmailResult(msgspec.Struct, frozen=True, rename="camel"):
    """The outcome of a mail: its status, and the transport's id for it."""

    email_id: str
    status: str
    message_id: str | None = None


def sender_of(services: Services) -> Sender:
    """The sender of this server's mails."""
    email = services.settings.email
    return Sender(
        email.from_name, email.from_address, PageLinks.of(services.settings), services.secret
    )


Refuse = Callable[[Tx, Attempt[Any], Services, store.Email], str | None]
"""Returns why a mail must not be sent; None if it may be."""


class _Refused(Exception):
    """The mail is no longer wanted, or a newer one exists."""


async def send_brief_email(job: Attempt[BriefEmailPayload], services: Services) -> EmailResult:
    """Send the brief's mail of the payload.

    An attempt after a crash sends the same bytes again. Raises what `deliver` raises.
    """
    return await deliver(job, services, job.payload.email_id, _refused)


async def deliver(
    job: Attempt[Any], services: Services, email_id: str, refused_because: Refuse
) -> EmailResult:
    """Send the mail, unless `refused_because` returns a reason in the transaction of the intent.

    Returns the mail's status, and the transport's id if it was sent. Raises PermanentError (unknown
    mail, refused, a second attempt without an answer), TransientError (OutcomeUnknown if the mail
    may have been sent), LeaseLost, StorageError.
    """
    email = await store.get(services.db, email_id)
    if email is None:
        raise PermanentError(f"there is no mail {email_id}", code="unknown_email")
    try:
        provider_id = await _send(job, services, email, refused_because)
    except _Refused:
        refused = await services.db.write(lambda tx: refused_because(tx, job, services, email))
        if refused is None:
            return await deliver(job, services, email_id, refused_because)
        return EmailResult(email_id, refused)
    except (PermanentError, TransientError) as error:
        failure = error
        await services.db.write(lambda tx: _not_sent(tx, job, services, email, failure))
        if isinstance(error, OutcomeUnknown) and email.status in store.IN_DOUBT:
            # A reader can recognise one repetition; more would annoy.
            raise PermanentError(f"twice: {error.message}", code=error.code) from error
        raise
    return EmailResult(email_id, store.SENT, provider_id)


async def _send(
    job: Attempt[Any], services: Services, email: store.Email, refused_because: Refuse
) -> str:
    if email.status == store.SENT:
        raise _Refused
    try:
        rendered = render(email, sender_of(services))
    except PermanentError:
        # A mail that is not wanted any more is not one that cannot be sent.
        await _require_wanted(job, services, email, refused_because)
        raise

    def on_intent(tx: Tx) -> None:
        if refused_because(tx, job, services, email) is not None:
            raise _Refused
        _on_intent(tx, services, email, rendered)

    is_handed_over = False

    async def send() -> str:
        nonlocal is_handed_over
        provider_id = await services.mailer.send(
            email.id, rendered.recipient, rendered.message, email.context
        )
        is_handed_over = True
        return provider_id

    try:
        return await external_effects.once(
            services,
            job,
            key=f"mail:{email.id}",
            kind="mail",
            look_up=None,
            send=send,
            on_intent=on_intent,
            on_outcome=lambda tx, name: _on_outcome(tx, job, services, email, name),
        )
    except StorageError as error:
        if is_handed_over:
            raise OutcomeUnknown(f"it was handed over, but {error.message}") from error
        raise


async def _require_wanted(
    job: Attempt[Any], services: Services, email: store.Email, refused_because: Refuse
) -> None:
    """Raise _Refused if the mail must not be sent; nothing is stored yet."""

    def look(tx: Tx) -> None:
        if refused_because(tx, job, services, email) is not None:
            raise _Refused

    await services.db.write(look)


def _refused(tx: Tx, job: Attempt[Any], services: Services, email: store.Email) -> str | None:
    """Why the mail must not be sent: it was sent, is outdated, or is not wanted.

    One that failed or was cancelled may be sent if its job is run again by hand.
    """
    job.ensure_lease(tx)
    if email.status == store.SENT:
        return store.SENT
    objections = refusal_store.find_objections(tx, email, BRIEFS)
    if objections.superseded:
        return finish_unsent(tx, services, email, store.CANCELLED, "superseded")
    if email.status in store.IN_DOUBT:
        return None
    return refused_by_reader(tx, services, email, objections)


def refused_by_reader(
    tx: Tx, services: Services, email: store.Email, objections: refusal_store.Objections
) -> str | None:
    """Why nothing may be sent to the reader: unsubscribed, unconfirmed, or the address has bounced.

    An address is confirmed by its user.
    """
    if objections.unsubscribed:
        return finish_unsent(tx, services, email, store.SKIPPED, UNSUBSCRIBED)
    user = workspace.find_user(tx, email.user_id)
    unproved = user is not None and user.email == email.address and not user.email_confirmed
    reason = UNCONFIRMED if unproved else objections.bounced
    return finish_unsent(tx, services, email, store.SKIPPED, reason) if reason else None


def finish_unsent(tx: Tx, services: Services, email: store.Email, status: str, reason: str) -> str:
    """Store why the mail is not sent; one in doubt stays unknown, since it may have been sent."""
    status = store.UNKNOWN if email.status in store.IN_DOUBT else status
    store.set_status(tx, email.id, status, services.clock.now(), reason=reason)
    return status


def _on_intent(tx: Tx, services: Services, email: store.Email, rendered: Rendered) -> None:
    store.add_links(tx, email.id, rendered.links)
    store.set_status(
        tx,
        email.id,
        store.SENDING,
        services.clock.now(),
        transport=services.settings.email.transport,
        reason=AGAIN if email.status in store.IN_DOUBT else None,
    )


def _on_outcome(
    tx: Tx, job: Attempt[Any], services: Services, email: store.Email, provider_id: str
) -> None:
    """Store that the mail was sent, and end its job with it: its slot is free one commit sooner."""
    store.set_status(tx, email.id, store.SENT, services.clock.now(), provider_id=provider_id)
    if not email.address.isascii():
        workspace.warn_of_email(tx, email.user_id, email.address, None)
    job.finish_if_held(tx, EmailResult(email.id, store.SENT, provider_id))


def _not_sent(
    tx: Tx,
    job: Attempt[Any],
    services: Services,
    email: store.Email,
    error: PermanentError | TransientError,
) -> None:
    """Store the outcome of a failed attempt: it waits, has failed, or is unknown
    without an answer.
    """
    job.ensure_lease(tx)
    if email.status in store.IN_DOUBT or isinstance(error, OutcomeUnknown):
        status = store.UNKNOWN
    elif isinstance(error, PermanentError):
        status = store.FAILED
    else:
        status = store.QUEUED
    store.set_status(tx, email.id, status, services.clock.now(), reason=error.message)
    if isinstance(error, UnusableAddress):
        workspace.warn_of_email(tx, email.user_id, email.address, error.message)
    if isinstance(error, AddressBounced):
        _bounced(tx, services, email, error, job.correlation_id)


def _bounced(
    tx: Tx, services: Services, email: store.Email, error: AddressBounced, correlation_id: str
) -> None:
    now = services.clock.now()
    store.log(tx, email.id, "bounced", "nothing more is sent to this address", now)
    is_news = bounce_store.mark(
        tx,
        user_id=email.user_id,
        address=email.address,
        email_id=email.id,
        code=error.code,
        reason=error.message,
        now=now,
    )
    if is_news:
        tx.announce(
            EmailBounced(email.user_id, email.id, email.address, error.message, correlation_id)
        )


GENERATE_BRIEF_EMAIL = JobType(
    name="generate_brief_email",
    payload=BriefEmailPayload,
    run=send_brief_email,
    lane="email",
    timeout=LONGEST_SESSION,
    max_attempts=8,
    retry=RETRY,
    dedup_key=lambda payload: email_key(payload.brief_id),
    expires_at=lambda payload: from_text(payload.expires_at) if payload.expires_at else None,
)
