"""Creates deliveries together with their jobs.

Job types are looked up by name, because their modules import this one. The rules:
docs/spec.md#notification-flow.
"""

from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.job_type import Enqueued, Payload
from buildos_box.notifications import inbox, store
from buildos_box.notifications.recipient import Addressed
from buildos_box.services import Services

SEND_NOTIFICATION, SEND_PUSH, SEND_CHAT = "send_notification", "send_push", "send_chat"


class DeliveryPayload(Payload, frozen=True, kw_only=True):
    """A delivery to make; its texts are in the notification's row."""

    user_id: str
    delivery_id: str
    event_type: str
    channel: str
    stale_at: str | None = None
    requested: dict[str, Any] | None = None


class DeliveryResult(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The outcome of one delivery."""

    delivery_id: str
    status: str
    reason: str | None = None


def delivery_key(delivery_id: str) -> str:
    """The dedup key of a delivery's job."""
    return f"notification-{delivery_id}"


def withdraw(
    tx: Tx, services: Services, user_id: str, tag: str, *, reason: str, actor: str = "system"
) -> None:
    """Withdraw what was said under that tag, because it no longer applies.

    The deliveries that still wait are cancelled, and what was not read yet leaves the inbox.
    """
    if not store.is_tag_used(tx, user_id, tag):
        return
    for row in store.waiting(tx, user_id, tag):
        # A running attempt may have sent it already; one that waits for a retry has not.
        key, also_running = delivery_key(row["id"]), not row["begun"]
        services.queue.cancel_by_key(tx, key, reason=reason, actor=actor, also_running=also_running)
    # Last, because a cancelled push message may fall back to the inbox.
    store.take_out_of_inbox(tx, user_id, tag)


def _job_type(channel: str, subscription_id: str | None) -> str:
    if subscription_id is not None:
        return SEND_PUSH
    return SEND_CHAT if channel == "chat" else SEND_NOTIFICATION


def add(
    tx: Tx,
    services: Services,
    addressed: Addressed,
    channel: str,
    *,
    subscription_id: str | None = None,
    send_at: Instant | None = None,
    requested: dict[str, Any] | None = None,
    actor: str = "system",
) -> Enqueued | None:
    """Add a delivery and its job; None if that delivery exists already.

    What goes to the inbox is delivered in this transaction, whatever `send_at` says. Raises
    PermanentError (`unknown_user`) if the user was deleted.
    """
    notification, now = addressed.row, services.clock.now()
    delivery_id = services.ids.new("delivery", now)
    if channel == "in_app":
        if channel in addressed.channels:
            return None
        inbox.deliver(tx, services, delivery_id, addressed)
    else:
        addressed.keep_order()
        if not store.add_delivery(tx, delivery_id, notification, channel, now, subscription_id):
            return None
        addressed.note(channel)
    job_type = services.queue.type_named(_job_type(channel, subscription_id))
    assert job_type is not None
    return services.queue.enqueue(
        tx,
        job_type,
        DeliveryPayload(
            user_id=notification["user_id"],
            delivery_id=delivery_id,
            event_type=notification["event_type"],
            channel=channel,
            stale_at=None if channel == "in_app" else notification["stale_at"],
            requested=requested,
        ),
        user_id=notification["user_id"],
        scheduled_for=None if channel == "in_app" else send_at,
        correlation_id=notification["correlation_id"],
        actor=actor,
        is_new=True,
    )
