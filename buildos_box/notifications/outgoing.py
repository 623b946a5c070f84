"""Creating a notification, in the transaction of the change it is about.

The rules: docs/spec.md#notification-flow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.notifications import fanout, inbox, push_outcome, store
from buildos_box.notifications.event_types import (
    CHANNELS,
    Channel,
    EventType,
    content_of,
    read_payload,
)
from buildos_box.notifications.event_types import event_type as find
from buildos_box.notifications.recipient import Addressed, Recipient
from buildos_box.services import Services
from buildos_box.workspace.languages import language_of_person
from buildos_box.workspace.model import Person


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification and the ids of the jobs that deliver it, by channel."""

    notification_id: str
    jobs: dict[Channel, str]


def notify(
    tx: Tx,
    services: Services,
    *,
    user_id: str,
    event_type: str,
    payload: dict[str, Any],
    correlation_id: str | None,
    channels: Sequence[Channel] | None = None,
    also: Sequence[Channel] = (),
    send_at: Instant | None = None,
    stale_at: Instant | None = None,
    once_key: str | None = None,
    requested: dict[str, Any] | None = None,
    replaces: bool = False,
    actor: str = "system",
    person: Person | None = None,
) -> Notified | None:
    """Add a notification with one delivery and one job per channel.

    Without `channels`, those of the event type, those in `also`, and those that the user chose for
    the event type; for push to somebody without a browser that takes it and for chat without a
    confirmed address, a skipped delivery and no job. The inbox has it with this transaction; for
    the other channels, preferences are checked when a delivery is due. With `replaces`, deliveries
    that still wait under the same tag are cancelled, and what was not read yet leaves the inbox.
    `person` is the user, if this transaction has read them already.
    Returns None if `once_key` was used before. The user must exist in this transaction. Raises
    Unprocessable for an unknown event type or a payload that does not fit.
    """
    now, event = services.clock.now(), find(event_type)
    content = read_payload(event, payload)
    notification_id = services.ids.new("notification", now)
    recipient = Recipient(tx, user_id, person)
    texts = content_of(event, content, language_of_person(recipient.person, services))
    if replaces:
        fanout.withdraw(tx, services, user_id, texts.tag, reason="superseded", actor=actor)
    chosen = channels or _channels(recipient, event, also)
    row = store.add_notification(
        tx,
        notification_id,
        user_id=user_id,
        event_type=event.name,
        payload=msgspec.json.encode(content).decode(),
        content=texts,
        once_key=once_key,
        stale_at=stale_at or (send_at or now) + event.fresh_for,
        correlation_id=correlation_id or f"corr{notification_id.removeprefix('notification')}",
        now=now,
        in_inbox="in_app" in chosen and inbox.why_unwanted(event.name, recipient, services) is None,
    )
    if row is None:
        return None
    addressed = Addressed(tx, row, recipient, is_new=True)
    jobs: dict[Channel, str] = {}
    for channel in chosen:
        reason = recipient.why_unreachable(channel)
        if reason is not None:
            instead = push_outcome.skip_unreachable(tx, services, addressed, channel, reason)
            jobs |= {"in_app": instead.job_id} if instead is not None else {}
            continue
        job = fanout.add(
            tx, services, addressed, channel, send_at=send_at, requested=requested, actor=actor
        )
        if job is not None:
            jobs[channel] = job.job_id
    return Notified(notification_id, jobs)


def _channels(recipient: Recipient, event: EventType, also: Sequence[Channel]) -> list[Channel]:
    """The event type's channels, those in `also`, and those that the user turned on for it.

    What is pushed also goes to the chat of whoever has confirmed an address there.
    """
    asked = recipient.wanted.event_types.get(event.name, {})
    wanted = {*event.channels, *also}
    if "push" in event.channels and recipient.has_chat:
        wanted.add("chat")
    return [name for name in CHANNELS if name in wanted or asked.get(name)]
