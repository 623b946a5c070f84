"""The job that delivers one notification over one channel (docs/spec.md#notification-flow).

What goes to the inbox is there already when its job runs: the job only records its outcome.
"""

from datetime import timedelta

from buildos_box.clock import from_text
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType
from buildos_box.jobs.retry import Snooze
from buildos_box.notifications import checks, fanout, push_outcome, push_store, relays, store
from buildos_box.notifications.event_types import channel
from buildos_box.notifications.fanout import DeliveryPayload, DeliveryResult
from buildos_box.notifications.preferences import Skip, Wait
from buildos_box.notifications.recipient import NO_SUBSCRIPTION, Addressed
from buildos_box.plural import plural
from buildos_box.services import Services

_OPEN = (store.PENDING, store.FAILED)


async def send_notification(job: Attempt[DeliveryPayload], services: Services) -> DeliveryResult:
    """Check the user's preferences again, and deliver in the same transaction.

    What lies in the inbox already is only noted as done. Raises Snooze during do-not-disturb hours,
    LeaseLost, PermanentError if the notification or its user was deleted.
    """
    if job.payload.channel == "in_app":
        known = await store.get_delivery(services.db, job.payload.delivery_id)
        if known is not None and known["status"] not in _OPEN:
            ended = known["status"], known["reason"]
            return await services.db.write(lambda tx: _finish(tx, job, *ended))
    outcome = await services.db.write(lambda tx: _deliver(tx, job, services))
    if isinstance(outcome, Wait):
        raise Snooze(outcome.until, "do-not-disturb")
    return outcome


def _deliver(tx: Tx, job: Attempt[DeliveryPayload], services: Services) -> DeliveryResult | Wait:
    job.ensure_lease(tx, finishing=True)
    delivery = store.delivery(tx, job.payload.delivery_id)
    if delivery is None:
        raise PermanentError("its notification was deleted", code="unknown_delivery")
    if delivery["status"] not in _OPEN:
        return _finish(tx, job, delivery["status"], delivery["reason"])
    over = channel(delivery["channel"])
    notification = store.notification(tx, delivery["notification_id"])
    stale_at = from_text(job.payload.stale_at) if job.payload.stale_at else None
    decision = checks.decide_now(tx, services, notification, over, stale_at)
    if isinstance(decision, Wait):
        return decision
    store.begin(tx, delivery["id"], services.clock.now())
    if isinstance(decision, Skip):
        return _skip(tx, job, services, delivery, decision.reason)
    if over == "push":
        return _to_browsers(tx, job, services, delivery, notification)
    if over == "email":
        return _by_mail(tx, job, services, delivery, notification)
    relays.by_sms(tx, services, delivery, notification)
    return _finish(tx, job, store.PENDING, "its SMS is queued")


def _finish(
    tx: Tx, job: Attempt[DeliveryPayload], status: str, reason: str | None = None
) -> DeliveryResult:
    result = DeliveryResult(job.payload.delivery_id, status, reason)
    job.finish(tx, result, message=reason or status)
    return result


def _skip(
    tx: Tx, job: Attempt[DeliveryPayload], services: Services, delivery: Row, reason: str
) -> DeliveryResult:
    """Complete the job with a skipped delivery, which is not a failure."""
    store.finish(tx, delivery["id"], store.SKIPPED, services.clock.now(), reason=reason)
    return _finish(tx, job, store.SKIPPED, reason)


def _by_mail(
    tx: Tx, job: Attempt[DeliveryPayload], services: Services, delivery: Row, notification: Row
) -> DeliveryResult:
    skipped = relays.by_mail(tx, services, delivery, notification)
    if skipped is None:
        return _finish(tx, job, store.PENDING, "its mail is queued")
    push_outcome.fall_back(tx, services, notification["id"], "email")
    return _skip(tx, job, services, delivery, skipped)


def _to_browsers(
    tx: Tx, job: Attempt[DeliveryPayload], services: Services, delivery: Row, notification: Row
) -> DeliveryResult:
    """Add a delivery and a job per subscription; without any, deliver to the inbox instead."""
    subscriptions = push_store.active_of(tx, delivery["user_id"])
    if not subscriptions:
        push_outcome.fall_back(tx, services, notification["id"], "push")
        return _skip(tx, job, services, delivery, NO_SUBSCRIPTION)
    addressed = Addressed(tx, notification)
    for subscription in subscriptions:
        fanout.add(tx, services, addressed, "push", subscription_id=subscription["id"])
    return _finish(tx, job, store.PENDING, f"to {plural(len(subscriptions), 'browser')}")


SEND_NOTIFICATION = JobType(
    name=fanout.SEND_NOTIFICATION,
    payload=DeliveryPayload,
    run=send_notification,
    lane="push",
    timeout=timedelta(minutes=1),
    max_attempts=5,
    dedup_key=lambda payload: fanout.delivery_key(payload.delivery_id),
    expires_at=lambda payload: from_text(payload.stale_at) if payload.stale_at else None,
)
