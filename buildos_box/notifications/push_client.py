"""Hands a push message to a browser's push service, encrypted and signed.

The rules: docs/spec.md#push-answers.
"""

import re
from urllib.parse import urlsplit

from buildos_box.clock import Instant, to_text
from buildos_box.db import Row
from buildos_box.egress import Fetched
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs.retry import retryable_status
from buildos_box.notifications import vapid
from buildos_box.notifications.push_message import (
    LONGEST_PAYLOAD,
    SHRUNK_PAYLOAD,
    PushMessage,
    fitted,
)
from buildos_box.retry_after import retry_after
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool

TIMEOUT_SECONDS = 10.0
_SEALING = ThreadPool("push-sealing", 2)
"""Encrypting takes the processor alone: more threads would gain nothing."""
MAX_ANSWER_BYTES = 64 * 1024
TOO_LARGE = 413
WNS_THROTTLED = 406
"""What Microsoft's push service answers where others answer 429."""
SECRET_CHARS = 8
"""The shortest part of an endpoint that may be its secret."""
_PARTS = re.compile(r"[/?&=]")


class SubscriptionGone(PermanentError):
    """The push service no longer knows this subscription."""

    code = "subscription_gone"


class KeyRefused(PermanentError):
    """The push service refuses the server's key or subject, not the subscription."""

    code = "push_key_refused"


async def send(services: Services, subscription: Row, message: PushMessage) -> str:
    """Send the message; returns the push service's id for it.

    A 413 is repeated once with a shorter text, if there is one. Raises SubscriptionGone (404, 410),
    KeyRefused (401, 403), TransientError (408, 425, 429, 5xx, no answer), PermanentError (other
    statuses, an address that is not allowed).
    """
    endpoint, now = str(subscription["endpoint"]), services.clock.now()
    for limit in (LONGEST_PAYLOAD, SHRUNK_PAYLOAD):
        content = fitted(message.content, limit)
        headers, body = await _SEALING.run(_sealed, services, subscription, message, content, now)
        answer = await services.egress.post(
            endpoint,
            content=body,
            headers=headers,
            max_bytes=MAX_ANSWER_BYTES,
            timeout=TIMEOUT_SECONDS,
            user_id=str(subscription["user_id"]),
        )
        if answer.status != TOO_LARGE or len(content) <= SHRUNK_PAYLOAD:
            break
    return _read_answer(answer, endpoint, now)


def host_of(endpoint: str) -> str:
    """The push service's host name; the rest of an endpoint is a secret."""
    return urlsplit(endpoint).hostname or "?"


def _sealed(
    services: Services, subscription: Row, message: PushMessage, content: bytes, now: Instant
) -> tuple[dict[str, str], bytes]:
    """Headers, and the content encrypted for that browser (RFC 8291)."""
    from pywebpush import WebPusher

    endpoint = subscription["endpoint"]
    keys = {"p256dh": subscription["p256dh"], "auth": subscription["auth"]}
    pusher = WebPusher({"endpoint": endpoint, "keys": keys})
    body: bytes = pusher.encode(content, "aes128gcm")["body"]
    subject = vapid.subject_of(services.settings)
    headers = {
        "Authorization": vapid.authorization(services.vapid_key, endpoint, subject, now),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(message.ttl),
        "Urgency": message.urgency,
        "Topic": message.topic,
    }
    return headers, body


def _read_answer(answer: Fetched, endpoint: str, now: Instant) -> str:
    """The push service's id for the message. Raises what the status means (RFC 8030)."""
    status, host = answer.status, host_of(endpoint)
    said = _said(answer, endpoint)
    if 200 <= status < 300:
        return answer.headers.get("location", "")[:500] or f"{host} {status} {to_text(now)}"
    if status in (404, 410):
        raise SubscriptionGone(f"{host} answers {status}: the subscription no longer exists")
    if status in (401, 403):
        raise KeyRefused(f"{host} answers {status}: it refuses the server's VAPID key{said}")
    message = f"{host} answers {status}{said}"
    if retryable_status(status) or status == WNS_THROTTLED:
        wait = retry_after(answer.headers, now)
        raise TransientError(message, code=f"http_{status}", retry_after=wait)
    raise PermanentError(message, code=f"http_{status}")


def _said(answer: Fetched, endpoint: str) -> str:
    """The answer's text for error messages; empty if it repeats a part of the secret endpoint."""
    text = " ".join(answer.body[:200].decode("utf-8", "replace").split())
    secrets = [part for part in _PARTS.split(endpoint)[3:] if len(part) >= SECRET_CHARS]
    usable = text.isprintable() and not any(secret[:SECRET_CHARS] in text for secret in secrets)
    return f": {text}" if text and usable else ""
