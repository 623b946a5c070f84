"""Handing a finished message over: to a folder, or to a mail server (spec 6)."""

import asyncio
import os
from pathlib import Path

from buildos_box.errors import PermanentError, TransientError
from buildos_box.services import Mailer
from buildos_box.settings import Settings, SmtpSettings

GMAIL = ("smtp.gmail.com", 587, "starttls")


class OutboxMailer:
    """Writes each mail to `<email id>.eml`. Writing it again replaces it with the same bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, email_id: str, recipient: str, message: bytes) -> str:
        """Write the file, whole and durable; returns its name."""
        return await asyncio.to_thread(self._write, email_id, message)

    def _write(self, email_id: str, message: bytes) -> str:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._folder / f"{email_id}.eml"
        partial = self._folder / f".{email_id}.partial"
        try:
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


class SmtpMailer:
    """Sends over SMTP with STARTTLS, TLS or neither, and AUTH if there is an account."""

    def __init__(self, settings: SmtpSettings, from_address: str) -> None:
        self._settings = settings
        self._from = from_address
        self._host, self._port, self._security = (
            GMAIL
            if settings.preset == "gmail"
            else (settings.host, settings.port, settings.security)
        )

    async def send(self, email_id: str, recipient: str, message: bytes) -> str:
        """Send; returns the server's answer. Raises TransientError, PermanentError."""
        import aiosmtplib

        password = self._settings.password
        try:
            _, answer = await aiosmtplib.send(
                message,
                sender=self._from,
                recipients=[recipient],
                hostname=self._host,
                port=self._port,
                use_tls=self._security == "tls",
                start_tls=self._security == "starttls",
                username=self._settings.username or None,
                password=password.reveal() if password else None,
                timeout=self._settings.timeout_seconds,
            )
        except aiosmtplib.SMTPException as error:
            raise _classified(error) from error
        except OSError as error:
            raise TransientError(
                f"the mail server is out of reach: {error}", code="smtp"
            ) from error
        return answer


def _classified(error: Exception) -> TransientError | PermanentError:
    """4xx may be tried again, 5xx not (RFC 5321, 4.2.1); what cut off the talk may."""
    import aiosmtplib

    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        first = error.recipients[0]
        return _by_reply(first.code, first.message)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _by_reply(error.code, error.message)
    return TransientError(f"the talk with the mail server was cut off: {error}", code="smtp")


def _by_reply(code: int, message: str) -> TransientError | PermanentError:
    said = f"the mail server answered {code}: {message}"
    if 500 <= code < 600:
        return PermanentError(said, code=f"smtp_{code}")
    return TransientError(said, code=f"smtp_{code}")


def make_mailer(settings: Settings) -> Mailer:
    """The transport that the configuration names."""
    match settings.email.transport:
        case "smtp":
            return SmtpMailer(settings.email.smtp, settings.email.from_address)
        case "outbox":
            return OutboxMailer(Path(settings.data.dir) / "outbox")
        case other:
            raise NotImplementedError(f"email.transport {other} is not in this version")
