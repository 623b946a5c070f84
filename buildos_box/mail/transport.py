"""The transports, chosen by `email.transport`, and the simplest one, a folder.

The rules: docs/spec.md#mail-transports.
"""

import os
import ssl
import threading
from pathlib import Path

from buildos_box.clock import Clock
from buildos_box.errors import TransientError, Unprocessable
from buildos_box.services import NO_CONTEXT, MailContext, Mailer
from buildos_box.settings import Settings
from buildos_box.thread_pool import ThreadPool

_WRITING = ThreadPool("outbox", 4)


class OutboxMailer:
    """Writes each mail to `<email id>.eml`. Writing it again replaces it with the same bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(
        self, email_id: str, recipient: str, message: bytes, about: MailContext = NO_CONTEXT
    ) -> str:
        """Write the file completely and durably; returns its name. Raises TransientError."""
        return await _WRITING.run(self._write, email_id, message)

    async def close(self) -> None:
        """Nothing to close."""

    def _write(self, email_id: str, message: bytes) -> str:
        target = self._folder / f"{email_id}.eml"
        # The thread of a cancelled attempt may still be writing, so each has its own partial file.
        partial = self._folder / f".{email_id}.{threading.get_ident()}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with partial.open("wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
            _sync_folder(self._folder)
        except OSError as error:
            raise TransientError(f"the outbox cannot be written: {error}", code="outbox") from error
        return target.name


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def tls_context(ca_file: str) -> ssl.SSLContext:
    """The system's certificate authorities and those of `egress.ca_file`. Raises Unprocessable."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise Unprocessable.field("egress.ca_file", f"cannot be read: {error}") from error
    return context


def make_mailer(settings: Settings, clock: Clock) -> Mailer:
    """The transport of the configuration, whose libraries are loaded. Raises Unprocessable."""
    email = settings.email
    match email.transport:
        case "smtp":
            from buildos_box.mail.smtp import SmtpMailer

            return SmtpMailer(email.smtp, email.from_address, tls_context(settings.egress.ca_file))
        case "webhook":
            from buildos_box.mail.webhook import WebhookMailer

            return WebhookMailer(email.webhook, clock, tls_context(settings.egress.ca_file))
        case "outbox":
            return OutboxMailer(Path(settings.data.dir) / "outbox")
