"""The content of a push message and its transport headers: pure functions of plain values.

The rules: docs/spec.md#push-message.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_

LONGEST_PAYLOAD = 3_993
"""Bytes before encryption, which makes them 4,096, the most that every push service accepts."""
SHRUNK_PAYLOAD = 1_500
"""The limit for the second try after a 413."""
LONGEST_TTL = timedelta(days=28)
SHORTEST_TTL = timedelta(minutes=1)
"""Not 0, which would drop the message unless the browser is connected at that moment."""
SHRINKABLE = ("body", "title", "url", "tag")
ACTIONS = {"done": N_("Done"), "snooze": N_("Snooze an hour")}
"""What the buttons of a message do, and what they are called."""
REMINDERS = frozenset({"task.due_soon"})
TOPIC_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One message, the same for every browser of the user and for every attempt."""

    content: dict[str, Any]
    ttl: int
    urgency: str
    topic: str


def push_message(
    notification: Any,
    *,
    urgent: bool,
    now: Instant,
    stale_at: Instant | None,
    language: Language,
) -> PushMessage:
    """The push message of a notification's row.

    A message with the same tag replaces it at the push service and on the screen, so that a message
    repeated after a crash is seen once.
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
            **_actions(notification, language),
        },
        ttl=int(min(max(left, SHORTEST_TTL), LONGEST_TTL).total_seconds()),
        urgency="high" if high else "normal",
        topic=topic(notification["tag"]),
    )


def _actions(notification: Any, language: Language) -> dict[str, Any]:
    """What can be done from the message itself: the buttons, and the task that they are about."""
    if notification["event_type"] not in REMINDERS:
        return {}
    payload = msgspec.json.decode(notification["payload"])
    return {
        "userId": notification["user_id"],
        "taskId": payload.get("taskId"),
        "actions": list(ACTIONS),
        "labels": {action: language.say(label) for action, label in ACTIONS.items()},
    }


def topic(tag: str) -> str:
    """A topic of 32 base64url characters, the longest that RFC 8030 (5.4) allows."""
    digest = hashlib.sha256(tag.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:TOPIC_LENGTH]


def fitted(content: dict[str, Any], limit: int) -> bytes:
    """JSON of at most `limit` bytes: its longest field is shortened until it fits."""
    text = msgspec.json.encode(content)
    shortened = dict(content)
    while len(text) > limit and any(shortened[field] for field in SHRINKABLE):
        field = max(SHRINKABLE, key=lambda name: _size(shortened[name]))
        words = shortened[field].removesuffix("…")
        keep = len(words) * 3 // 4
        # A shortened URL or tag would be wrong, so those are removed instead.
        shortened[field] = f"{words[:keep]}…" if keep and field in ("body", "title") else ""
        text = msgspec.json.encode(shortened)
    return text


def _size(text: str) -> int:
    return len(msgspec.json.encode(text))
