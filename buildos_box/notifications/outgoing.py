"""Telling a person of something, inside the transaction of what it tells of.

The rules: docs/spec.md#notification-flow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.notifications import fanout, store
from buildos_box.notifications.event_types import CHANNELS, Channel, EventType, read_payload, words
from buildos_box.notifications.event_types import event_type as find
from buildos_box.services import Services


@dataclass(frozen=True, slots=True)
class Notified:
    """The notification and the jobs that deliver it, by channel."""

    notification_id: str
    jobs: dict[Channel, str]


def notify(
    tx: Tx,
    box: Services,
    *,
    user_id: str,
    event_type: str,
    payload: dict[str, Any],
    correlation_id: str | None,
    channels: Sequence[Channel] | None = None,
    send_at: Instant | None = None,
    stale_at: Instant | None = None,
    once_key: str | None = None,
    requested: dict[str, Any] | None = None,
    replaces: bool = False,
    actor: str = "system",
) -> Notified | None:
    """One delivery and one job for each channel, unless `channels` are given the event type's
    own and those that the person has asked for.

    What the person wants is looked at when the time has come. None if `once_key` was used before.
    With `replaces`, what still waits under the same tag is withdrawn.
    Raises Impossible for an event type or payload that is none.
    """
    now, event = box.clock.now(), find(event_type)
    content = read_payload(event, payload)
    notification_id = box.ids.new("notification", now)
    said = words(event, content)
    if replaces:
        fanout.withdraw(tx, box, user_id, said.tag, reason="superseded", actor=actor)
    added = store.add_notification(
        tx,
        notification_id,
        user_id=user_id,
        event_type=event.name,
        payload=msgspec.json.encode(content).decode(),
        words=said,
        once_key=once_key,
        stale_at=stale_at or (send_at or now) + event.fresh_for,
        correlation_id=correlation_id or f"corr{notification_id.removeprefix('notification')}",
        now=now,
    )
    if not added:
        return None
    row = store.notification(tx, notification_id)
    jobs = {
        channel: job.job_id
        for channel in channels or _channels(tx, user_id, event)
        if (
            job := fanout.add(
                tx, box, row, channel, send_at=send_at, requested=requested, actor=actor
            )
        )
    }
    return Notified(notification_id, jobs)


def _channels(tx: Tx, user_id: str, event: EventType) -> list[Channel]:
    """The event type's own, and those that the person has asked for by name."""
    asked = store.find_preferences(tx, user_id).event_types.get(event.name, {})
    return [name for name in CHANNELS if name in event.channels or asked.get(name)]
