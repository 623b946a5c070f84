"""Sending by SMTP (RFC 5321; docs/spec.md#mail-transports)."""

import ssl

import aiosmtplib

from buildos_box.email_address import EmailAddress, parse
from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail import smtp_connection
from buildos_box.mail.smtp_connection import NotBegun, Refused, StepTimeouts
from buildos_box.mail.smtp_pool import TROUBLE, Line, Lines, Pool
from buildos_box.mail.smtp_replies import SERVICE_CLOSING, by_reply, without_reply
from buildos_box.mail.transport_errors import OutcomeUnknown, SmtpUtf8NotOffered
from buildos_box.services import NO_CONTEXT, MailContext
from buildos_box.settings import SmtpSettings


class SmtpMailer:
    """Sends over SMTP with STARTTLS, TLS or neither, and AUTH if there is an account."""

    def __init__(
        self,
        settings: SmtpSettings,
        from_address: str,
        tls: ssl.SSLContext | None,
        steps: StepTimeouts | None = None,
    ) -> None:
        self._settings = settings
        self._from = parse(from_address)
        self._tls = tls
        self._steps = steps or StepTimeouts()
        self.host, self.port, self.security = smtp_connection.server_of(settings)
        self._pool = Pool(
            self._connect, at_most=settings.connections, idle_seconds=settings.idle_seconds
        )

    async def send(
        self, email_id: str, recipient: str, message: bytes, about: MailContext = NO_CONTEXT
    ) -> str:
        """Send; returns the server's answer.

        Raises TransientError and PermanentError if the server has refused the message or never
        had it, AddressBounced if nobody is there, SmtpUtf8NotOffered if it cannot take such an
        address, OutcomeUnknown if it may have taken the message.
        """
        lines = self._pool.here()
        async with lines.slot:
            line = await self._addressed(lines, parse(recipient))
            try:
                answer = await smtp_connection.hand_over(line.client, message, self._steps)
            except Refused as refused:
                await _after_refusal(lines, line, refused.code)
                raise by_reply(refused.code, refused.said, to_recipient=True) from refused
            except NotBegun as ended:
                line.drop()
                raise TransientError(f"the mail server hung up: {ended}", code="smtp") from ended
            except TROUBLE as error:
                line.drop()
                raise OutcomeUnknown(f"the mail server gave no answer: {error}") from error
            except BaseException:
                line.drop()
                raise
            lines.keep(line)
            return answer

    async def close(self) -> None:
        """Close the connections that the running event loop has kept."""
        await self._pool.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        return await smtp_connection.connect(
            self._settings,
            host=self.host,
            port=self.port,
            security=self.security,
            ehlo_name=smtp_connection.ehlo_name(self._settings.ehlo_name, str(self._from)),
            tls=self._tls,
            steps=self._steps,
        )

    async def _addressed(self, lines: Lines, recipient: EmailAddress) -> Line:
        """A connection on which sender and recipient were accepted; no content was sent yet.

        A kept connection that turns out to be dead is replaced once.
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
            raise by_reply(error.code, error.message) from error
        except TROUBLE as error:
            raise without_reply(error, port=self.port) from error
        try:
            await self._address(lines, line, recipient)
        except _GoneError as gone:
            raise gone.error from gone.__cause__
        return line

    async def _address(self, lines: Lines, line: Line, recipient: EmailAddress) -> None:
        """Send the envelope.

        Raises _GoneError if the connection has ended, else what the server's answer means.
        """
        to_recipient = False
        try:
            await self._mail_from(line.client, recipient)
            to_recipient = True
            await line.client.rcpt(str(recipient), encoding="utf-8")
        except aiosmtplib.SMTPResponseException as error:
            meaning = by_reply(error.code, error.message, to_recipient=to_recipient)
            await _after_refusal(lines, line, error.code)
            if error.code == SERVICE_CLOSING:
                raise _GoneError(meaning) from error
            raise meaning from error
        except SmtpUtf8NotOffered:
            await lines.keep_after_refusal(line)
            raise
        except TROUBLE as error:
            line.drop()
            raise _GoneError(without_reply(error, port=self.port)) from error
        except BaseException:
            line.drop()
            raise

    async def _mail_from(self, client: aiosmtplib.SMTP, recipient: EmailAddress) -> None:
        """Begin a mail, with SMTPUTF8 (RFC 6531) only if an address needs it."""
        if not (recipient.needs_smtputf8 or self._from.needs_smtputf8):
            await client.mail(str(self._from))
            return
        if not client.supports_extension("smtputf8"):
            raise SmtpUtf8NotOffered(
                f"{self.host} takes no addresses with letters beyond ASCII before the @ (SMTPUTF8)"
            )
        await client.mail(str(self._from), options=["SMTPUTF8"], encoding="utf-8")


class _GoneError(Exception):
    """The connection ended before the message; `error` is what that means for the mail."""

    def __init__(self, error: TransientError | PermanentError) -> None:
        super().__init__(error.message)
        self.error = error


async def _after_refusal(lines: Lines, line: Line, code: int) -> None:
    """Whether the connection can be used on: a server that answers 421 is about to end it."""
    if code == SERVICE_CLOSING:
        line.drop()
    else:
        await lines.keep_after_refusal(line)
