"""The job that sends one push message to one browser.

Push services have no idempotency keys. After a crash between intent and outcome the message is sent
again under the same topic and tag, so that the second one replaces the first at the push service
and on the screen.

The rules: docs/spec.md#push.
"""

from dataclasses import dataclass
from typing import Any

from buildos_box.db import Row, Tx
from buildos_box.errors import TransientError
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.retry import Snooze
from buildos_box.notifications import (
    checks,
    fanout,
    push_client,
    push_outcome,
    push_store,
    sending,
    store,
)
from buildos_box.notifications.event_types import event_type
from buildos_box.notifications.fanout import DeliveryPayload, DeliveryResult
from buildos_box.notifications.preferences import Wait
from buildos_box.notifications.push_client import KeyRefused, SubscriptionGone
from buildos_box.notifications.push_message import PushMessage, push_message
from buildos_box.notifications.sending import Begun
from buildos_box.operator_alert import OperatorAlert
from buildos_box.services import Services
from buildos_box.workspace.languages import find_language


@dataclass(frozen=True, slots=True)
class _Ready:
    subscription: Row
    message: PushMessage


async def send_push(job: Attempt[DeliveryPayload], services: Services) -> DeliveryResult:
    """Send the push message of the payload, unless it is no longer wanted.

    Raises Snooze during do-not-disturb hours, KeyRefused, TransientError, PermanentError (the
    notification or its user was deleted, or the push service refuses the message), LeaseLost.
    """
    ready = await services.db.write(lambda tx: _prepare(tx, job, services))
    if isinstance(ready, Wait):
        raise Snooze(ready.until, "do-not-disturb")
    if isinstance(ready, DeliveryResult):
        return ready
    try:
        await _send(job, services, ready)
    except SubscriptionGone as gone:
        error = gone
        return await services.db.write(
            lambda tx: _gone(tx, job, services, ready.subscription, error)
        )
    except KeyRefused as refused:
        message = refused.message
        await services.db.write(lambda tx: _refused(tx, job, services, ready.subscription, message))
        raise
    except TransientError as fault:
        message = fault.message
        await services.db.write(lambda tx: sending.note_error(tx, job, services, message))
        raise
    return DeliveryResult(job.payload.delivery_id, store.SENT)


def _prepare(
    tx: Tx, job: Attempt[DeliveryPayload], services: Services
) -> _Ready | DeliveryResult | Wait:
    begun = sending.begin(tx, job, services, "push")
    if not isinstance(begun, Begun):
        return begun
    delivery, notification = begun.delivery, begun.notification
    if begun.skip is not None:
        # A stale message was wanted, so it goes to the inbox; an unwanted one does not.
        stale = checks.stale_at(notification)
        unwanted = stale is None or services.clock.now() < stale
        return _skip(tx, services, delivery, begun.skip.reason, unwanted=unwanted)
    subscription = push_store.find(tx, delivery["subscription_id"])
    if subscription is None or not subscription["active"]:
        return _skip(tx, services, delivery, "the subscription was removed")
    return _Ready(
        subscription,
        push_message(
            notification,
            urgent=event_type(notification["event_type"]).urgent,
            now=services.clock.now(),
            stale_at=checks.stale_at(notification),
            language=find_language(tx, services, notification["user_id"]),
        ),
    )


def _skip(
    tx: Tx, services: Services, delivery: Row, reason: str, *, unwanted: bool = False
) -> DeliveryResult:
    push_outcome.finish_push(
        tx, services, delivery, store.SKIPPED, reason=reason, unwanted=unwanted
    )
    return DeliveryResult(delivery["id"], store.SKIPPED, reason)


async def _send(job: Attempt[DeliveryPayload], services: Services, ready: _Ready) -> None:
    delivery_id, subscription_id = job.payload.delivery_id, str(ready.subscription["id"])

    def sent(tx: Tx, provider_id: str) -> None:
        push_store.note_sent(tx, subscription_id, services.clock.now())
        delivery = store.delivery(tx, delivery_id)
        if delivery is not None:
            push_outcome.finish_push(tx, services, delivery, store.SENT, provider_id=provider_id)

    await external_effects.once(
        services,
        job,
        key=f"push:{delivery_id}",
        kind="push",
        look_up=None,
        send=lambda: push_client.send(services, ready.subscription, ready.message),
        on_outcome=sent,
    )


def _gone(
    tx: Tx, job: Attempt[Any], services: Services, subscription: Row, error: SubscriptionGone
) -> DeliveryResult:
    """Deactivate a subscription that no longer exists: the browser was reset or
    permission revoked.
    """
    job.ensure_lease(tx)
    push_store.deactivate(tx, subscription["id"], error.message)
    delivery = store.delivery(tx, job.payload.delivery_id)
    if delivery is not None:
        push_outcome.finish_push(tx, services, delivery, store.FAILED, error=error.message)
    return DeliveryResult(job.payload.delivery_id, store.FAILED, error.message)


def _refused(
    tx: Tx, job: Attempt[Any], services: Services, subscription: Row, message: str
) -> None:
    """Raise an alert: the key or its subject is wrong for all users, so no subscription is
    deactivated.
    """
    job.ensure_lease(tx)
    host = push_client.host_of(subscription["endpoint"])
    if push_store.note_refusal(tx, host, services.clock.now()):
        advice = "set push.vapid_subject to an address that can be reached"
        tx.announce(OperatorAlert(f"push_refused:{host}", f"{message}; {advice}"))


SEND_PUSH = sending.job_type(fanout.SEND_PUSH, send_push)
