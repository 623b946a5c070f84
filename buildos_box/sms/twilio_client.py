"""Sending and looking up messages through Twilio's client, in a thread.

The rules: docs/spec.md#sms-hand-over.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from buildos_box.clock import Instant
from buildos_box.errors import PermanentError, TransientError
from buildos_box.log import mask_phone
from buildos_box.retry_after import retry_after
from buildos_box.settings import Settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.sms.text import same_text
from buildos_box.thread_pool import ThreadPool

TIMEOUT = 20.0
_CALLS = ThreadPool("twilio", 4)
UNSUBSCRIBED = 21610
BAD_NUMBER = frozenset({21211, 21268, 21614, 21635})
"""Not a number, a premium number, not a mobile one, a landline."""
RETRYABLE = frozenset({14107, 20429, 20500, 20503, 21611, 30001, 30022})
"""Too many requests or messages, a full queue, or Twilio's own trouble."""
SLACK = timedelta(days=1)
"""How far Twilio's clock and ours may differ, since the machine's zone may be set wrong by hours.

Known messages are never taken for the one that is looked for, however far back it looks.
"""


class Unsubscribed(PermanentError):
    """The recipient has opted out at Twilio."""


class BadNumber(PermanentError):
    """The number cannot get SMS."""


class NotAccepted(TransientError):
    """Twilio has answered that it does not accept the message now, so it was not sent."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send."""

    to: str
    body: str
    validity: int | None
    callback: str | None


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """What Twilio reports about a message; price and segments as Twilio writes them, once known."""

    status: str
    error_code: int | None
    segments: str | None
    price: str | None
    unit: str | None


def refusal(
    status: int, code: int | None, message: str, wait: timedelta | None = None
) -> PermanentError | TransientError:
    """The error that Twilio's answer means, by its code and never by its text.

    `wait` is what its `Retry-After` asked for.
    """
    name = f"twilio_{code or status}"
    if code == UNSUBSCRIBED:
        return Unsubscribed("the number has opted out", code=name)
    if code in BAD_NUMBER:
        return BadNumber("no SMS can reach this number", code=name)
    if status >= 500 or status == 408:
        return TransientError(
            f"Twilio failed ({status}); the message may have been sent", code=name, retry_after=wait
        )
    if code in RETRYABLE or status in (425, 429):
        return NotAccepted(
            f"Twilio is busy ({status}); nothing was sent", code=name, retry_after=wait
        )
    return PermanentError(f"Twilio refused ({status}): {mask_phone(message)}", code=name)


class _KeepsHeaders:
    """Twilio's HTTP client, which keeps the headers of the last response for its exceptions."""

    def __init__(self, http: Any) -> None:
        self._http = http
        self.headers: dict[str, str] = {}

    def request(self, *args: Any, **options: Any) -> Any:
        """Pass the request on. Raises what the client raises."""
        self.headers = {}
        answer = self._http.request(*args, **options)
        self.headers = {name.lower(): value for name, value in (answer.headers or {}).items()}
        return answer


class WhyOff(NamedTuple):
    """Why no SMS can be sent."""

    code: str
    sentence: str


def why_off(sms: SmsSettings) -> WhyOff | None:
    """Why the configuration lets no SMS be sent; None if it does."""
    if not sms.enabled:
        return WhyOff("sms_off", "SMS is switched off (sms.enabled is false)")
    if not (sms.account_sid and sms.auth_token and sms.messaging_service_sid):
        return WhyOff("sms_not_configured", "SMS not configured")
    return None


class TwilioSender:
    """A Twilio account with its messaging service.

    Raises PermanentError if it is switched off or not configured.
    """

    def __init__(self, settings: Settings, http: Any = None) -> None:
        self._http = http
        if why := why_off(settings.sms):
            raise PermanentError(why.sentence, code=why.code)
        sms = settings.sms
        self._sms = sms
        self._sid = sms.account_sid
        self._token = sms.auth_token.reveal() if sms.auth_token else ""

    def _client(self, http: _KeepsHeaders) -> Any:
        from twilio.rest import Client

        client = Client(self._sid, self._token, http_client=http)
        client.api.base_url = self._sms.api_base_url.rstrip("/")
        return client

    async def send(self, message: Outgoing) -> str:
        """Send the message; returns Twilio's id for it.

        Raises Unsubscribed, BadNumber, PermanentError, NotAccepted, TransientError.
        """
        optional = {"validity_period": message.validity, "status_callback": message.callback}
        created = await _CALLS.run(
            self._call,
            lambda client: client.messages.create(
                to=message.to,
                body=message.body,
                messaging_service_sid=self._sms.messaging_service_sid,
                smart_encoded=True,
                **{name: value for name, value in optional.items() if value is not None},
            ),
        )
        return str(created.sid)

    async def find_sent_message(
        self, message: Outgoing, since: Instant, known: set[str]
    ) -> str | None:
        """Twilio's id of that message, if Twilio has it and it is not known here; None otherwise.

        Same number, same text (`same_text`). Raises PermanentError, TransientError.
        """
        listed = await _CALLS.run(
            self._call, lambda client: client.messages.list(to=message.to, limit=100)
        )
        for one in listed:
            made = one.date_created
            if one.sid in known or made is None or made < since - SLACK:
                continue
            if same_text(message.body, one.body or ""):
                return str(one.sid)
        return None

    async def fetch(self, sid: str) -> MessageStatus:
        """The state of that message. Raises PermanentError, TransientError."""
        one = await _CALLS.run(self._call, lambda client: client.messages(sid).fetch())
        return MessageStatus(
            status=str(getattr(one.status, "value", one.status)),
            error_code=int(one.error_code) if one.error_code else None,
            segments=str(one.num_segments) if one.num_segments else None,
            price=str(one.price) if one.price is not None else None,
            unit=str(one.price_unit) if one.price_unit else None,
        )

    def _call(self, work: Any) -> Any:
        import requests
        from twilio.base.exceptions import TwilioException
        from twilio.http.http_client import TwilioHttpClient

        http = _KeepsHeaders(
            self._http or TwilioHttpClient(pool_connections=False, timeout=TIMEOUT)
        )
        try:
            return work(self._client(http))
        except (requests.RequestException, TwilioException) as error:
            status = getattr(error, "status", None)  # both kinds of answers have one
            if status is None:
                name = type(error).__name__
                raise TransientError(f"Twilio gave no answer: {name}") from error
            said = getattr(error, "msg", None) or getattr(error, "detail", None) or ""
            wait = retry_after(http.headers)
            raise refusal(int(status), getattr(error, "code", None), str(said), wait) from error
