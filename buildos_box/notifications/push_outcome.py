"""The outcome of the push channel, computed from the outcomes of all subscriptions.

The rules: docs/spec.md#notification-fallback.
"""

from buildos_box.db import Row, Tx
from buildos_box.jobs.types import Enqueued
from buildos_box.notifications import checks, fanout, push_store, store
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
    waiting, sent, failed = push_store.settled_siblings(tx, delivery["notification_id"])
    if sent:
        store.finish(tx, whole["id"], store.SENT, now)
    elif not waiting and unwanted and not failed:
        store.finish(tx, whole["id"], store.SKIPPED, now, reason=reason)
    elif not waiting:
        store.finish(
            tx, whole["id"], store.FAILED, now, error=error or "no subscription accepted it"
        )
        fall_back(tx, services, delivery["notification_id"])


NO_SUBSCRIPTION = "no push subscription"


def skip_without_browser(tx: Tx, services: Services, notification: Row) -> Enqueued | None:
    """Store that nothing is pushed, since no browser takes it; what is wanted goes to the inbox.

    Returns the job of the inbox, if there was none yet.
    """
    now = services.clock.now()
    delivery_id = services.ids.new("delivery", now)
    if not store.add_delivery(tx, delivery_id, notification, "push", now):
        return None
    decision = checks.decide_now(tx, services, notification, "push", checks.stale_at(notification))
    if isinstance(decision, Skip):
        store.finish(tx, delivery_id, store.SKIPPED, now, reason=decision.reason)
        return None
    store.finish(tx, delivery_id, store.SKIPPED, now, reason=NO_SUBSCRIPTION)
    return fall_back(tx, services, notification["id"])


def fall_back(tx: Tx, services: Services, notification_id: str) -> Enqueued | None:
    """Add an in-app delivery, unless there is one."""
    return fanout.add(tx, services, store.notification(tx, notification_id), "in_app")
