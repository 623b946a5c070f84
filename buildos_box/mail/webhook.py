"""Sending by a webhook of the operator's (docs/spec.md#mail-webhook)."""

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx
import msgspec

from buildos_box.clock import Clock
from buildos_box.egress.redirects import HOOKS
from buildos_box.errors import Impossible, PermanentError, TransientError
from buildos_box.jobs.retry import retryable_status
from buildos_box.mail.outcome import OutcomeUnknown
from buildos_box.retry_after import retry_after
from buildos_box.settings.model import EmailWebhookSettings
from buildos_box.untrusted_json import read_json

_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")


class WebhookMail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of the POST."""

    email_id: str
    message_id: str
    to: str
    sender: str = msgspec.field(name="from")
    subject: str
    html: str
    text: str
    headers: dict[str, str]

    @classmethod
    def of(cls, email_id: str, recipient: str, message: bytes) -> "WebhookMail":
        """The parts of a complete message."""
        parsed: EmailMessage = message_from_bytes(message, policy=policy.default)
        return cls(
            email_id=email_id,
            message_id=str(parsed["Message-ID"]),
            to=recipient,
            sender=str(parsed["From"]),
            subject=str(parsed["Subject"]),
            html=_part(parsed, "html"),
            text=_part(parsed, "plain"),
            headers={name: str(parsed[name]) for name in _HEADERS if parsed[name]},
        )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return body.get_content().replace("\r\n", "\n") if body is not None else ""


class WebhookMailer:
    """POSTs each mail as signed JSON. Any 2xx is success, whatever its body."""

    def __init__(
        self,
        settings: EmailWebhookSettings,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not settings.url:
            raise Impossible.field("email.webhook.url", "is needed for email.transport = webhook")
        self._settings = settings
        self._clock = clock
        self._tls = tls
        self._pause = pause

    async def send(self, email_id: str, recipient: str, message: bytes) -> str:
        """POST, up to `tries` times with one Idempotency-Key; returns the receiver's id or ours.

        Raises TransientError, PermanentError, and OutcomeUnknown if no answer came.
        """
        mail = WebhookMail.of(email_id, recipient, message)
        body = msgspec.json.encode(mail)
        may_have_it = False
        for number in range(1, self._settings.tries + 1):
            pause = timedelta(seconds=0.5 * 2**number)
            try:
                answer = await self._post(email_id, body)
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
        raise AssertionError("the last try returns or raises")

    async def close(self) -> None:
        """Nothing to close."""

    async def _post(self, email_id: str, body: bytes) -> bytes:
        timeout = httpx.Timeout(self._settings.timeout_seconds)
        verify: ssl.SSLContext | bool = self._tls or True
        try:
            async with (
                httpx.AsyncClient(verify=verify, timeout=timeout, event_hooks=HOOKS) as client,
                client.stream(
                    "POST",
                    self._settings.url,
                    content=body,
                    headers=self._signed(email_id, body),
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
        said = f"the webhook answered {status}"
        if retryable_status(status):
            wait = retry_after(answer.headers, self._clock.now())
            raise TransientError(said, code=f"webhook_{status}", retry_after=wait)
        raise PermanentError(said, code=f"webhook_{status}")

    def _signed(self, email_id: str, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": email_id}
        if self._settings.secret is not None:
            key = self._settings.secret.reveal().encode()
            at = int(self._clock.now().timestamp())
            headers["X-BuildOS-Signature"] = f"t={at},v1={_hmac(key, f'{at}.'.encode() + body)}"
            headers["X-Webhook-Signature"] = _hmac(key, body)
        return headers


def _hmac(key: bytes, text: bytes) -> str:
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _still(error: TransientError, may_have_it: bool) -> TransientError:
    """The same error, or OutcomeUnknown if an earlier try may have delivered the mail."""
    if not may_have_it:
        return error
    return OutcomeUnknown(error.message, retry_after=error.retry_after)


async def _read(answer: httpx.Response) -> bytes:
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
