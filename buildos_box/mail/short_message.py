"""A short plain message of the server itself: without tracking and unsubscribing."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from buildos_box.clock import Instant
from buildos_box.mail.headers import mailbox, one_line, policy_for
from buildos_box.mail.render import message_id
from buildos_box.services import Services


def short_message(
    services: Services, key: str, *, to: str, at: Instant, subject: str, text: str
) -> bytes:
    """The message; the same bytes for the same `key` and `at`.

    Raises PermanentError for an address that mail cannot be sent to.
    """
    sender = services.settings.email
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
