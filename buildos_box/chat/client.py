"""Hands a message to a chat service, and says what came of it by an error's type.

The rules: docs/spec.md#chat-sending.
"""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from buildos_box.chat import targets
from buildos_box.clock import to_text
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs.retry import retryable_status
from buildos_box.retry_after import LONGEST, retry_after
from buildos_box.services import Services
from buildos_box.settings.channels import ChatSettings
from buildos_box.thread_pool import ThreadPool

if TYPE_CHECKING:
    from buildos_box.chat.http_exchange import Answer, Exchange

_SENDING = ThreadPool("chat", 8)
HOSTED = {"tgram": "api.telegram.org", "discord": "discord.com"}
"""The hosts of services whose URL does not name one."""
PERSONAL_KEYS = ("gotify", "gotifys")
"""Services whose 401 is about the person's own token."""
MISSING = (
    "the library for chat is not installed: pip install 'buildos-box[chat]' "
    "(the container image and the one executable hold it)"
)
SECRET_CHARS = 8
"""The shortest part of an address that may be a secret."""


class NotInstalled(PermanentError):
    """The extra `chat` is not installed."""

    code = "chat_not_installed"


class ServiceGone(PermanentError):
    """The service of the address is no longer configured, or takes other targets now."""

    code = "chat_service_gone"


class KeyRefused(PermanentError):
    """The service refuses what the operator configured, not the person's target."""

    code = "chat_key_refused"


async def send(services: Services, name: str, target: str, title: str, body: str) -> str:
    """Send a message to a target at the service of that name; the service's id for it.

    Raises NotInstalled, ServiceGone, KeyRefused (401), TransientError (408, 425, 429, 5xx, no
    answer), PermanentError (other statuses; refused by Apprise before anything was sent).
    """
    service = services.settings.chat.get(name)
    if service is None or not targets.fits(service, target):
        raise ServiceGone(f"the chat service {name} is not configured any more, or differently")
    url = targets.url_for(service, target)
    exchange, taken = await _SENDING.run(
        _call, url, title, body, service, services.settings.egress.ca_file
    )
    if taken:
        last = exchange.answers[-1] if exchange.answers else None
        said = _message_id(last.body) if last else None
        return f"{name} {said or to_text(services.clock.now())}"
    _raise(name, service, target, exchange)
    raise AssertionError("unreachable: _raise raises")


def _call(
    url: str, title: str, body: str, service: ChatSettings, ca_file: str
) -> "tuple[Exchange, bool]":
    try:
        from buildos_box.chat.apprise_call import notify
        from buildos_box.chat.http_exchange import Exchange
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "apprise":
            raise
        raise NotInstalled(MISSING) from None
    exchange = Exchange(host_of(service), service.api_base_url, ca_file)
    return exchange, notify(url, title, body, exchange)


def host_of(service: ChatSettings) -> str:
    """The host that the service's requests go to."""
    parts = urlsplit(service.url.reveal())
    return HOSTED.get(parts.scheme) or parts.hostname or ""


def _raise(name: str, service: ChatSettings, target: str, exchange: "Exchange") -> None:
    """Raise what the exchange of a message that was not taken means."""
    if exchange.fault is not None:
        raise _of_fault(name, exchange.fault)
    refused = [answer for answer in exchange.answers if not 200 <= answer.status < 300]
    busy = next((answer for answer in refused if retryable_status(answer.status)), None)
    if busy is not None:
        raise TransientError(
            f"{name} answers {busy.status}{_said(busy, service, target)}",
            code=f"http_{busy.status}",
            retry_after=_wait(busy),
        )
    if not refused:
        why = "answers in a way that is not known" if exchange.answers else "cannot be addressed so"
        raise PermanentError(f"{name} {why}", code="chat_not_sent")
    # The first refusal: what a plugin tries after it says less.
    status, scheme = refused[0].status, urlsplit(service.url.reveal()).scheme
    message = f"{name} answers {status}{_said(refused[0], service, target)}"
    if status == 401 and scheme not in PERSONAL_KEYS:
        raise KeyRefused(message)
    raise PermanentError(message, code=f"http_{status}")


def _of_fault(name: str, fault: Exception) -> PermanentError | TransientError:
    """What failed, in words of our own: the error's text has the address in it."""
    import requests

    from buildos_box.chat.http_exchange import OtherHost

    if isinstance(fault, OtherHost):
        message = f"{name} would be asked at another host than its URL names"
        return PermanentError(message, code="chat_other_host")
    if isinstance(fault, requests.Timeout):
        return TransientError(f"{name} has not answered in time", code="timeout")
    if isinstance(fault, requests.exceptions.SSLError):
        return TransientError(f"{name} has no valid certificate", code="connection")
    return TransientError(f"{name} cannot be connected to", code="connection")


def _wait(answer: "Answer") -> timedelta | None:
    """How long the service asks to be left alone: the header, else as Telegram or Matrix say it."""
    asked = retry_after(answer.headers)
    if asked is not None:
        return asked
    said = _json(answer.body)
    telegram = said.get("parameters")
    seconds = telegram.get("retry_after") if isinstance(telegram, dict) else None
    if not isinstance(seconds, int | float) and isinstance(said.get("retry_after_ms"), int):
        seconds = said["retry_after_ms"] / 1000
    if not isinstance(seconds, int | float):
        return None
    return min(timedelta(seconds=max(0.0, min(float(seconds), 1e9))), LONGEST)


def _said(answer: "Answer", service: ChatSettings, target: str) -> str:
    """The service's own explanation; empty if it repeats a part of what is secret."""
    said = _json(answer.body)
    for key in ("description", "errorDescription", "error", "message"):
        text = said.get(key)
        if not isinstance(text, str) or not text.isprintable() or len(text) > 200:
            continue
        parts = [*re.split(r"[/?&=:@]", service.url.reveal()), target]
        if not any(len(part) >= SECRET_CHARS and part in text for part in parts):
            return f": {text}"
    return ""


def _message_id(body: bytes) -> str | None:
    said = _json(body)
    inner = said.get("result")
    found = inner.get("message_id") if isinstance(inner, dict) else None
    found = found or said.get("id") or said.get("event_id")
    return str(found)[:100] if found is not None and str(found).isprintable() else None


def _json(body: bytes) -> dict[str, Any]:
    """The answer's JSON object; empty if it is none."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
