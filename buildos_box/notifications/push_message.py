"""What a push message says and how it is to travel: rules over plain values.

The rules: docs/spec.md#push-message.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.clock import Instant

LONGEST_PAYLOAD = 3_993
"""Bytes before encryption, which makes 4,096 of them: the most that every service takes."""
SHRUNK_PAYLOAD = 1_500
"""What is tried once more where a service says 413."""
LONGEST_TTL = timedelta(days=28)
SHORTEST_TTL = timedelta(minutes=1)
"""Never 0: that drops the message wherever the browser is not connected at this very moment."""
REMINDERS = frozenset({"task.due_soon"})
TOPIC_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One message, the same for all browsers of its reader and for every try."""

    content: dict[str, Any]
    ttl: int
    urgency: str
    topic: str


def push_message(
    notification: Any, *, urgent: bool, now: Instant, stale_at: Instant | None
) -> PushMessage:
    """The message of a notification's row.

    One with the same tag takes its place on its way and on the screen, so that a repetition
    after a crash is seen once.
    """
    left = (stale_at - now) if stale_at is not None else LONGEST_TTL
    high = urgent or notification["event_type"] in REMINDERS
    return PushMessage(
        content={
            "id": notification["id"],
            "eventType": notification["event_type"],
            "title": notification["title"],
            "body": notification["body"],
            "tag": notification["tag"],
            "url": notification["action_url"],
            "createdAt": notification["created_at"],
        },
        ttl=int(min(max(left, SHORTEST_TTL), LONGEST_TTL).total_seconds()),
        urgency="high" if high else "normal",
        topic=topic(notification["tag"]),
    )


def topic(tag: str) -> str:
    """A name of 32 characters of base64url, which is all that RFC 8030 allows (5.4)."""
    digest = hashlib.sha256(tag.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:TOPIC_LENGTH]


def fitted(content: dict[str, Any], limit: int) -> bytes:
    """JSON of at most `limit` bytes: what is too long is shortened, never refused."""
    text = msgspec.json.encode(content)
    shortened = dict(content)
    for field in ("body", "title", "url", "tag"):
        while len(text) > limit and shortened[field]:
            keep = len(shortened[field]) * 3 // 4
            # Half an address leads nowhere.
            cut = f"{shortened[field][:keep]}…" if keep > 8 and field in ("body", "title") else ""
            shortened[field] = cut
            text = msgspec.json.encode(shortened)
    return text
