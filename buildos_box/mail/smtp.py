"""Handing a message to a mail server over SMTP (docs/spec.md#mail-transports)."""

import ssl

import aiosmtplib

from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail.bounces import is_bounce
from buildos_box.mail.outcome import AddressBounced, OutcomeUnknown
from buildos_box.mail.smtp_pool import TROUBLE, Line, Lines, Pool
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
        self._pool = Pool(
            self._client, at_most=settings.connections, idle_seconds=settings.idle_seconds
        )

    async def send(self, email_id: str, recipient: str, message: bytes) -> str:
        """Send; returns the server's answer.

        Raises TransientError and PermanentError if the server has refused the message or never
        had it, AddressBounced if nobody is there, OutcomeUnknown if it may have taken it.
        """
        lines = self._pool.here()
        async with lines.slot:
            line = await self._addressed(lines, recipient)
            try:
                answer = await _hand_over(line.client, message)
            except OutcomeUnknown:
                line.drop()
                raise
            except (PermanentError, TransientError):
                await lines.keep_after_refusal(line)
                raise
            except BaseException:
                line.drop()
                raise
            lines.keep(line)
            return answer

    async def close(self) -> None:
        """Say goodbye on the connections that the running event loop has kept."""
        await self._pool.close()

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

    async def _addressed(self, lines: Lines, recipient: str) -> Line:
        """A connection on which sender and recipient have been taken: nothing was sent yet.

        A kept connection that turns out to be dead is replaced by a new one, once.
        """
        kept = await lines.take()
        if kept is not None:
            try:
                await self._address(lines, kept, recipient)
            except _GoneError:
                pass
            else:
                return kept
        try:
            line = await lines.open()
        except aiosmtplib.SMTPResponseException as error:
            raise _by_reply(error) from error
        except TROUBLE as error:
            raise _without_reply(error) from error
        try:
            await self._address(lines, line, recipient)
        except _GoneError as gone:
            raise gone.error from gone.__cause__
        return line

    async def _address(self, lines: Lines, line: Line, recipient: str) -> None:
        """Raises _GoneError if the connection has ended, else what the server's answer means."""
        to_recipient = False
        try:
            await line.client.mail(self._from)
            to_recipient = True
            await line.client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            if error.code == SERVICE_CLOSING:
                line.drop()
                raise _GoneError(_by_reply(error)) from error
            await lines.keep_after_refusal(line)
            raise _by_reply(error, to_recipient=to_recipient) from error
        except TROUBLE as error:
            line.drop()
            raise _GoneError(_without_reply(error)) from error
        except BaseException:
            line.drop()
            raise


class _GoneError(Exception):
    """The connection ended before the message; `error` is what that means for the mail."""

    def __init__(self, error: TransientError | PermanentError) -> None:
        super().__init__(error.message)
        self.error = error


async def _hand_over(client: aiosmtplib.SMTP, message: bytes) -> str:
    try:
        _, answer = await client.data(message)
    except aiosmtplib.SMTPResponseException as error:
        if error.code == SERVICE_CLOSING:
            raise OutcomeUnknown(f"the mail server closed: {error.message}") from error
        raise _by_reply(error, to_recipient=True) from error
    except TROUBLE as error:
        raise OutcomeUnknown(f"the mail server left no answer: {error}") from error
    return answer


def _by_reply(
    error: aiosmtplib.SMTPResponseException, *, to_recipient: bool = False
) -> TransientError | PermanentError:
    """4xx may be tried again, 5xx not (RFC 5321, 4.2.1); `to_recipient`: the answer is about them.

    One mail has one recipient, so that an answer to the message may be about them too.
    """
    said = f"the mail server answered {error.code}: {error.message}"
    code = f"smtp_{error.code}"
    if to_recipient and is_bounce(error.code, error.message):
        return AddressBounced(said, code=code)
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
