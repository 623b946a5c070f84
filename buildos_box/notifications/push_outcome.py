"""What follows when a channel cannot deliver; the outcome of push, computed from all browsers'.

The rules: docs/spec.md#notification-fallback.
"""

from buildos_box.db import Row, Tx
from buildos_box.jobs.job_type import Enqueued
from buildos_box.notifications import checks, fanout, push_store, store
from buildos_box.notifications.event_types import Channel
from buildos_box.notifications.event_types import channel as channel_named
from buildos_box.notifications.preferences import Skip
from buildos_box.notifications.recipient import Addressed
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


def skip_unreachable(
    tx: Tx, services: Services, addressed: Addressed, channel: Channel, reason: str
) -> Enqueued | None:
    """Store that nothing is sent over that channel; what is wanted goes another way.

    Returns the job of the inbox, if there was none yet. Raises PermanentError if the user was
    deleted.
    """
    if channel in addressed.channels:
        return None
    now, notification = services.clock.now(), addressed.row
    stale_at = checks.stale_at(notification)
    decision = checks.decide_now(tx, services, notification, channel, stale_at, addressed.recipient)
    unwanted = decision.reason if isinstance(decision, Skip) else None
    store.add_ended_delivery(
        tx,
        services.ids.new("delivery", now),
        notification,
        channel,
        now,
        attempts=0,
        skipped=unwanted or reason,
    )
    addressed.note(channel, deferred=True)
    return None if unwanted else _another_way(tx, services, addressed, channel)


def fall_back(tx: Tx, services: Services, notification_id: str, failed: str) -> Enqueued | None:
    """After that channel has failed: the inbox, unless it has it, and the next of the user's order.

    Returns the job of the inbox, if there was none yet. Raises PermanentError if the user was
    deleted.
    """
    addressed = Addressed(tx, store.notification(tx, notification_id))
    return _another_way(tx, services, addressed, failed)


def _another_way(tx: Tx, services: Services, addressed: Addressed, failed: str) -> Enqueued | None:
    _try_next(tx, services, addressed, failed)
    return fanout.add(tx, services, addressed, "in_app")


def _try_next(tx: Tx, services: Services, addressed: Addressed, failed: str) -> None:
    """Deliver over the next channel of the user's order that can reach them and is wanted.

    The order goes on after the channel that has failed, and begins anew for one that is not in it.
    Nothing that is stale by now is sent.
    """
    stale_at = checks.stale_at(addressed.row)
    wanted = addressed.recipient.wanted
    if stale_at is not None and services.clock.now() >= stale_at:
        return
    order = wanted.fallback
    after = order[order.index(failed) + 1 :] if failed in order else order
    for name in after:
        over = channel_named(name)
        if (
            over not in addressed.channels
            and wanted.wants(addressed.row["event_type"], over)
            and addressed.recipient.why_unreachable(over) is None
        ):
            fanout.add(tx, services, addressed, over)
            return
