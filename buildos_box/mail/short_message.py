"""A short plain message of the server itself: without tracking and unsubscribing."""

from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.mail.mailbox import mailbox
from buildos_box.mail.render import message_id
from buildos_box.services import MailContext, Services
from buildos_box.settings import EmailSettings


class ShortMessageResult(msgspec.Struct, frozen=True, rename="camel"):
    """The transport's answer, or why nothing was sent."""

    message_id: str | None
    skipped: str | None = None


async def send_short_message(
    services: Services,
    job: Attempt[Any],
    key: str,
    *,
    to: str,
    subject: str,
    text: str,
    about: MailContext,
) -> ShortMessageResult:
    """Send the message once, as the same mail at every attempt of the job.

    `key` names it. Raises PermanentError, also for an address that mail cannot be sent to,
    TransientError, LeaseLost.
    """
    message = _message(
        services.settings.email, key, to=to, at=job.scheduled_for, subject=subject, text=text
    )
    recipient = str(mailbox(to))
    sent = await external_effects.once(
        services,
        job,
        key=f"mail:{key}",
        kind="mail",
        look_up=None,
        send=lambda: services.mailer.send(key, recipient, message, about),
    )
    return ShortMessageResult(sent)


def _message(
    sender: EmailSettings, key: str, *, to: str, at: Instant, subject: str, text: str
) -> bytes:
    """The same bytes for the same `key` and `at`."""
    # Loaded with the first mail.
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.utils import format_datetime

    from buildos_box.mail.headers import one_line, policy_for

    by, reader = mailbox(sender.from_address), mailbox(to)
    message = EmailMessage(policy=policy_for(by, reader))
    message["From"] = Address(one_line(sender.from_name), by.local, by.domain)
    message["To"] = Address("", reader.local, reader.domain)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(key, sender.from_address)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message.as_bytes()
