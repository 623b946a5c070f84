"""Handing a message to a mail server over SMTP (spec 6, RFC 5321)."""

import ssl
from contextlib import suppress

import aiosmtplib

from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail.outcome import OutcomeUnknown
from buildos_box.settings import SmtpSettings

GMAIL = ("smtp.gmail.com", 587, "starttls")
SERVICE_CLOSING = 421


class SmtpMailer:
    """Sends over SMTP with STARTTLS, TLS or neither, and AUTH if there is an account."""

    def __init__(
        self, settings: SmtpSettings, from_address: str, tls: ssl.SSLContext | None
    ) -> None:
        self._settings = settings
        self._from = from_address
        self._tls = tls
        self._host, self._port, self._security = (
            GMAIL
            if settings.preset == "gmail"
            else (settings.host, settings.port, settings.security)
        )

    async def send(self, email_id: str, recipient: str, message: bytes) -> str:
        """Send; returns the server's answer.

        Raises TransientError and PermanentError if the server has refused the message or never
        had it, OutcomeUnknown if it may have taken it.
        """
        client = self._client()
        try:
            await self._prepare(client, recipient)
            return await _hand_over(client, message)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        password = self._settings.password
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            username=self._settings.username or None,
            password=password.reveal() if password else None,
            timeout=self._settings.timeout_seconds,
            tls_context=self._tls if self._security != "none" else None,
        )

    async def _prepare(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """All that comes before the message itself: whatever fails here, nothing was sent."""
        try:
            await client.connect()
            await client.mail(self._from)
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            raise _by_reply(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _without_reply(error) from error


async def _hand_over(client: aiosmtplib.SMTP, message: bytes) -> str:
    try:
        _, answer = await client.data(message)
    except aiosmtplib.SMTPResponseException as error:
        if error.code == SERVICE_CLOSING:
            raise OutcomeUnknown(f"the mail server closed: {error.message}") from error
        raise _by_reply(error) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise OutcomeUnknown(f"the mail server left no answer: {error}") from error
    # The message is the server's now: a clumsy goodbye changes nothing.
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit()
    return answer


def _by_reply(error: aiosmtplib.SMTPResponseException) -> TransientError | PermanentError:
    """4xx may be tried again, 5xx not (RFC 5321, 4.2.1)."""
    said = f"the mail server answered {error.code}: {error.message}"
    code = f"smtp_{error.code}"
    if 500 <= error.code < 600:
        return PermanentError(said, code=code)
    return TransientError(said, code=code)


def _without_reply(error: Exception) -> TransientError | PermanentError:
    """A server that cannot do what is configured never will; any other trouble may pass."""
    transport_trouble = isinstance(error, OSError)
    if isinstance(error, aiosmtplib.SMTPException) and not transport_trouble:
        return PermanentError(f"the mail server cannot do that: {error}", code="smtp_setup")
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return TransientError(f"the mail server is not to be trusted: {error}", code="smtp_tls")
    return TransientError(f"the mail server is out of reach: {error}", code="smtp")
