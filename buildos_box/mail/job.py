"""The job that sends one mail: checked again, rendered, handed over once (spec 6)."""

from datetime import timedelta

import msgspec

from buildos_box.clock import from_text
from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs import effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.types import JobType, Payload
from buildos_box.mail import store
from buildos_box.mail.render import Rendered, Sender, render
from buildos_box.services import Services

BRIEFS = "briefs"


class BriefEmailPayload(Payload, frozen=True, kw_only=True):
    """A mail that waits to be sent; all that it says stands in its row."""

    user_id: str
    email_id: str
    brief_id: str
    recipient_email: str
    expires_at: str | None = None


def email_key(brief_id: str) -> str:
    """One live mail job a brief (spec 3.4)."""
    return f"brief-email-{brief_id}"


class EmailResult(msgspec.Struct, frozen=True, rename="camel"):
    """What came of a mail: its status, and the transport's own name for it."""

    email_id: str
    status: str
    message_id: str | None = None


def sender_of(box: Services) -> Sender:
    """Who this box writes as."""
    email = box.settings.email
    return Sender(email.from_name, email.from_address, box.settings.server.public_url, box.secret)


async def send_brief_email(job: Attempt[BriefEmailPayload], box: Services) -> EmailResult:
    """Send the mail of the payload. A crash and a retry send the very same bytes again."""
    email_id = job.payload.email_id
    email = await store.get(box.db, email_id)
    if email is None:
        raise PermanentError(f"there is no mail {email_id}", code="unknown_email")
    refused = await box.db.write(lambda tx: _refused(tx, job, box, email))
    if refused is not None:
        return EmailResult(email_id, refused)
    rendered = render(email, sender_of(box))
    try:
        provider_id = await effects.once(
            box,
            job,
            key=f"mail:{email_id}",
            kind="mail",
            send=lambda: box.mailer.send(email_id, email.address, rendered.message),
            on_intent=lambda tx: _on_intent(tx, box, email, rendered),
            on_outcome=lambda tx, name: _on_outcome(tx, box, email_id, name),
        )
    except PermanentError as error:
        reason = error.message
        await box.db.write(
            lambda tx: store.set_status(tx, email_id, "failed", box.clock.now(), reason=reason)
        )
        raise
    return EmailResult(email_id, store.SENT, provider_id)


def _refused(
    tx: Tx, job: Attempt[BriefEmailPayload], box: Services, email: store.Email
) -> str | None:
    """Why the mail is not to leave after all: it has a final status already, or the user left."""
    job.hold(tx)
    current = store.find(tx, email.id)
    if current is None or current.status not in (store.QUEUED, store.SENDING):
        return current.status if current else "gone"
    if current.status == store.QUEUED and store.is_unsubscribed(tx, email.user_id, BRIEFS):
        store.set_status(tx, email.id, "skipped", box.clock.now(), reason="unsubscribed")
        return "skipped"
    return None


def _on_intent(tx: Tx, box: Services, email: store.Email, rendered: Rendered) -> None:
    for url in rendered.links:
        store.add_link(tx, email.id, url)
    store.set_status(
        tx, email.id, store.SENDING, box.clock.now(), transport=box.settings.email.transport
    )


def _on_outcome(tx: Tx, box: Services, email_id: str, provider_id: str) -> None:
    store.set_status(tx, email_id, store.SENT, box.clock.now(), provider_id=provider_id)


GENERATE_BRIEF_EMAIL = JobType(
    name="generate_brief_email",
    payload=BriefEmailPayload,
    run=send_brief_email,
    lane="email",
    timeout=timedelta(minutes=5),
    max_attempts=8,
    dedup_key=lambda payload: email_key(payload.brief_id),
    expires_at=lambda payload: from_text(payload.expires_at) if payload.expires_at else None,
)
