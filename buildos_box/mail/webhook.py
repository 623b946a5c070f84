"""Sending by a webhook of the operator's (docs/spec.md#mail-webhook)."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import msgspec

from buildos_box.clock import Clock
from buildos_box.egress.redirects import HOOKS
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs.retry import retryable_status
from buildos_box.mail.transport_errors import OutcomeUnknown
from buildos_box.mail.webhook_dialects import (
    Receiver,
    Receivers,
    WebhookMail,
    body_of,
    cause_of,
    headers_of,
)
from buildos_box.retry_after import retry_after
from buildos_box.services import NO_CONTEXT, MailContext
from buildos_box.settings.channels import EmailWebhookSettings
from buildos_box.untrusted_json import read_json


class WebhookMailer:
    """POSTs each mail as signed JSON. Any 2xx is success, whatever its body."""

    def __init__(
        self,
        settings: EmailWebhookSettings,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._receivers = Receivers.of(settings)
        self._settings = settings
        self._clock = clock
        self._tls = tls
        self._pause = pause

    async def send(
        self, email_id: str, recipient: str, message: bytes, about: MailContext = NO_CONTEXT
    ) -> str:
        """POST, up to `tries` times with one Idempotency-Key; returns the receiver's id or ours.

        Raises TransientError, PermanentError, and OutcomeUnknown if no answer came.
        """
        mail = WebhookMail.of(email_id, recipient, message, about)
        receiver = self._receivers.of_mail(about)
        body = body_of(receiver.dialect, mail, about, self._clock.now())
        may_have_it = False
        number = 0
        while True:
            number += 1
            pause = timedelta(seconds=0.5 * 2**number)
            try:
                answer = await self._post(receiver, email_id, body)
            except OutcomeUnknown:
                may_have_it = True
                if number == self._settings.tries:
                    raise
            except PermanentError as error:
                # It may refuse because it has the mail already and knows the key.
                raise (OutcomeUnknown(error.message) if may_have_it else error) from error
            except TransientError as error:
                wait = error.retry_after or timedelta(0)
                if number == self._settings.tries or wait > pause:
                    raise _still(error, may_have_it) from error
            else:
                return _their_id(answer) or mail.message_id
            await self._pause(pause.total_seconds())

    async def close(self) -> None:
        """Nothing to close."""

    async def _post(self, receiver: Receiver, email_id: str, body: bytes) -> bytes:
        timeout = httpx.Timeout(self._settings.timeout_seconds)
        verify: ssl.SSLContext | bool = self._tls or True
        try:
            async with (
                httpx.AsyncClient(verify=verify, timeout=timeout, event_hooks=HOOKS) as client,
                client.stream(
                    "POST",
                    receiver.url,
                    content=body,
                    headers=headers_of(receiver, email_id, body, self._clock.now()),
                ) as answer,
            ):
                if answer.is_success:
                    return await _read(answer)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise TransientError(
                f"the webhook cannot be reached: {error}", code="webhook"
            ) from error
        except httpx.TransportError as error:
            raise OutcomeUnknown(
                f"the webhook gave no answer: {error or type(error).__name__}"
            ) from error
        status = answer.status_code
        said = f"the webhook answered {status}{cause_of(receiver, status)}"
        if retryable_status(status):
            wait = retry_after(answer.headers, self._clock.now())
            raise TransientError(said, code=f"webhook_{status}", retry_after=wait)
        raise PermanentError(said, code=f"webhook_{status}")


def _still(error: TransientError, may_have_it: bool) -> TransientError:
    """The same error, or OutcomeUnknown if an earlier try may have delivered the mail."""
    if not may_have_it:
        return error
    return OutcomeUnknown(error.message, retry_after=error.retry_after)


async def _read(answer: "httpx.Response") -> bytes:
    """The body of a success; empty if it cannot be read, since the mail was accepted anyway."""
    try:
        return await answer.aread()
    except httpx.HTTPError:
        return b""


def _their_id(answer: bytes) -> str | None:
    """The receiver's own id, if its answer is JSON with one."""
    try:
        said = read_json(answer)
    except msgspec.DecodeError:
        return None
    found = said.get("messageId") or said.get("id") if isinstance(said, dict) else None
    return found if isinstance(found, str) and len(found) <= 200 else None
