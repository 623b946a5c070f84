"""The outcome of the push channel, computed from the outcomes of all subscriptions.

The rules: docs/spec.md#notification-fallback.
"""

from buildos_box.db import Row, Tx
from buildos_box.notifications import fanout, push_store, store
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


def fall_back(tx: Tx, services: Services, notification_id: str) -> None:
    """Add an in-app delivery, unless there is one."""
    fanout.add(tx, services, store.notification(tx, notification_id), "in_app")
