"""What follows when a channel cannot deliver; the outcome of push, computed from all browsers'.

The rules: docs/spec.md#notification-fallback.
"""

from buildos_box.chat import store as chat_store
from buildos_box.db import Row, Tx
from buildos_box.jobs.job_type import Enqueued
from buildos_box.notifications import checks, fanout, push_store, store
from buildos_box.notifications.event_types import Channel
from buildos_box.notifications.event_types import channel as channel_named
from buildos_box.notifications.preferences import Skip
from buildos_box.services import Services


def finish_push(
    tx: Tx,
    services: Services,
    delivery: Row,
    status: str,
    *,
    reason: str | None = None,
    error: str | None = None,
    provider_id: str | None = None,
    unwanted: bool = False,
) -> None:
    """Store the outcome of one subscription; when all have failed, deliver to the inbox.

    With `unwanted`, a delivery that was skipped because the user no longer wants it does not count
    as a failure.
    """
    now = services.clock.now()
    store.finish(
        tx, delivery["id"], status, now, reason=reason, error=error, provider_id=provider_id
    )
    whole = push_store.channel_delivery(tx, delivery["notification_id"])
    if whole is None:
        return
    waiting, sent, failed = push_store.count_push_outcomes(tx, delivery["notification_id"])
    if sent:
        store.finish(tx, whole["id"], store.SENT, now)
    elif not waiting and unwanted and not failed:
        store.finish(tx, whole["id"], store.SKIPPED, now, reason=reason)
    elif not waiting:
        store.finish(
            tx, whole["id"], store.FAILED, now, error=error or "no subscription accepted it"
        )
        fall_back(tx, services, delivery["notification_id"], "push")


NO_SUBSCRIPTION = "no push subscription"
NO_ADDRESS = "no chat address"


def why_unreachable(tx: Tx, user_id: str, channel: str) -> str | None:
    """Why push or chat cannot reach the user at all; None if it can."""
    if channel == "push" and not push_store.active_of(tx, user_id):
        return NO_SUBSCRIPTION
    if channel == "chat" and chat_store.address(tx, user_id) is None:
        return NO_ADDRESS
    return None


def skip_unreachable(
    tx: Tx, services: Services, notification: Row, channel: Channel, reason: str
) -> Enqueued | None:
    """Store that nothing is sent over that channel; what is wanted goes another way.

    Returns the job of the inbox, if there was none yet. Raises PermanentError if the user was
    deleted.
    """
    now = services.clock.now()
    delivery_id = services.ids.new("delivery", now)
    if not store.add_delivery(tx, delivery_id, notification, channel, now):
        return None
    decision = checks.decide_now(tx, services, notification, channel, checks.stale_at(notification))
    if isinstance(decision, Skip):
        store.finish(tx, delivery_id, store.SKIPPED, now, reason=decision.reason)
        return None
    store.finish(tx, delivery_id, store.SKIPPED, now, reason=reason)
    return _another_way(tx, services, notification, channel)


def fall_back(tx: Tx, services: Services, notification_id: str, failed: str) -> Enqueued | None:
    """After that channel has failed: the inbox, unless it has it, and the next of the user's order.

    Returns the job of the inbox, if there was none yet. Raises PermanentError if the user was
    deleted.
    """
    return _another_way(tx, services, store.notification(tx, notification_id), failed)


def _another_way(tx: Tx, services: Services, notification: Row, failed: str) -> Enqueued | None:
    _try_next(tx, services, notification, failed)
    return fanout.add(tx, services, notification, "in_app")


def _try_next(tx: Tx, services: Services, notification: Row, failed: str) -> None:
    """Deliver over the next channel of the user's order that can reach them and is wanted.

    The order goes on after the channel that has failed, and begins anew for one that is not in it.
    Nothing that is stale by now is sent.
    """
    stale_at = checks.stale_at(notification)
    wanted = store.find_preferences(tx, notification["user_id"])
    if stale_at is not None and services.clock.now() >= stale_at:
        return
    order = wanted.fallback
    after = order[order.index(failed) + 1 :] if failed in order else order
    if not after:
        return
    tried = store.channels_of(tx, notification["id"])
    for name in after:
        over = channel_named(name)
        if (
            over not in tried
            and wanted.wants(notification["event_type"], over)
            and why_unreachable(tx, notification["user_id"], over) is None
        ):
            fanout.add(tx, services, notification, over)
            return
