"""The jobs that deliver events to subscribers (docs/spec.md#webhook-delivery).

One job per subscription and user delivers that user's events one after another, so that they
arrive in their order. A delivery's row is the stored intent: it stays `pending` under the event's
id until the receiver has accepted it, so a crash repeats it under the same id.
"""

from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.retry import Snooze
from buildos_box.operator_alert import OperatorAlert
from buildos_box.services import Services
from buildos_box.webhooks import objects, store
from buildos_box.webhooks.event_types import TEST
from buildos_box.webhooks.sending import Answer, post

LANE = "webhook"
AT_ONCE = 20
"""Deliveries of one attempt, after which other users' jobs have their turn."""
PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=7),
    timedelta(hours=9),
)
"""The pauses after failed attempts; together 23 h 43 min."""
TRIED_FOR = timedelta(hours=24)
DISABLED_AFTER = timedelta(days=5)


class DeliverPayload(Payload, frozen=True, kw_only=True):
    """Whose events to deliver, and to which subscription."""

    subscription_id: str
    user_id: str | None = None


class TestPayload(Payload, frozen=True, kw_only=True):
    """Which subscription to send a test event to."""

    subscription_id: str


class Delivered(msgspec.Struct, frozen=True):
    """How many deliveries the receiver has accepted in this attempt."""

    delivered: int


class Tested(msgspec.Struct, frozen=True, rename="camel"):
    """The receiver's answer to a test event."""

    accepted: bool
    http_status: int | None
    error: str | None


async def deliver_webhooks(job: Attempt[DeliverPayload], services: Services) -> Delivered:
    """Deliver the user's waiting events in order.

    Raises Snooze until the next attempt of one that was not accepted, and when more wait than one
    attempt delivers; LeaseLost.
    """
    subscription_id, user_id = job.payload.subscription_id, job.payload.user_id
    for number in range(AT_ONCE):
        event = await store.first_waiting(services.db, subscription_id, user_id)
        if event is None:
            return Delivered(number)
        next_at = event["next_attempt_at"]
        if next_at is not None and next_at > to_text(services.clock.now()):
            raise Snooze(from_text(next_at), "the receiver did not accept the last attempt")
        body = event["body"] or await _keep_body(services, event)
        answer = await post(
            services,
            subscription_id=subscription_id,
            url=event["url"],
            sealed_secret=event["sealed_secret"],
            event_id=event["event_id"],
            body=body.encode(),
        )
        again_at = await _stored(job, services, event, answer)
        if again_at is not None:
            raise Snooze(again_at, str(answer.error))
    raise Snooze(services.clock.now(), "more deliveries wait")


async def _keep_body(services: Services, event: Row) -> str:
    body = (await objects.body_of(services, event)).decode()
    return await services.db.write(lambda tx: store.keep_body(tx, event["seq"], body))


async def _stored(
    job: Attempt[Any], services: Services, event: Row, answer: Answer
) -> Instant | None:
    return await services.db.write(lambda tx: _record(tx, job, services, event, answer))


def _record(
    tx: Tx, job: Attempt[Any], services: Services, event: Row, answer: Answer
) -> Instant | None:
    """Store what became of an attempt, and disable a subscription that fails for too long.

    Returns when to attempt it again; None if never.
    """
    job.ensure_lease(tx)
    now, delivery_id = services.clock.now(), str(event["delivery_id"])
    if answer.error is None:
        assert answer.status is not None
        store.record_sent(tx, delivery_id, answer.status, now)
        store.note_success(tx, event["subscription_id"], now)
        return None
    next_at = next_attempt(event["attempts"], event["first_attempt_at"], answer.wait, now)
    store.record_failure(
        tx,
        delivery_id,
        http_status=answer.status,
        error=answer.error,
        next_at=next_at,
        now=now,
    )
    disabled = _note_failure(tx, event, answer, now)
    return None if disabled else next_at


def next_attempt(
    attempts: int, first_attempt_at: str | None, wait: timedelta | None, now: Instant
) -> Instant | None:
    """When to try again after `attempts` earlier failures and this one; None if never.

    A receiver that asks to wait longer than the pause is tried then, but at the latest 24 h after
    the first attempt.
    """
    if attempts >= len(PAUSES):
        return None
    pause = now + PAUSES[attempts]
    if wait is None:
        return pause
    first = from_text(first_attempt_at) if first_attempt_at else now
    return max(pause, min(now + wait, first + TRIED_FOR))


def _note_failure(tx: Tx, event: Row, answer: Answer, now: Instant) -> bool:
    """Store that the receiver fails; True if the subscription was disabled for it."""
    subscription_id, error = str(event["subscription_id"]), str(answer.error)
    since = from_text(store.note_failure(tx, subscription_id, error, now))
    if not answer.gone and now - since < DISABLED_AFTER:
        return False
    if store.disable(tx, subscription_id, now):
        why = "it answered 410" if answer.gone else f"nothing was accepted since {to_text(since)}"
        message = (
            f"webhook subscription {subscription_id} to {event['masked_url']} is disabled: {why}; "
            f"the last error: {error}"
        )
        tx.announce(OperatorAlert(f"webhook_disabled:{subscription_id}", message))
    return True


async def send_test_webhook(job: Attempt[TestPayload], services: Services) -> Tested:
    """Send a test event once; an accepted one makes a disabled subscription active again.

    Raises PermanentError if the subscription was deleted, LeaseLost.
    """
    row = await store.subscription(services.db, job.payload.subscription_id)
    if row is None:
        raise PermanentError("the subscription was deleted", code="unknown_subscription")
    event_id = f"event-test-{job.job_id}"
    body = objects.encode(
        event_id=event_id,
        type=TEST,
        user_id=None,
        correlation_id=job.correlation_id,
        at=to_text(job.scheduled_for),
        data={"subscriptionId": row["id"]},
    )
    answer = await post(
        services,
        subscription_id=row["id"],
        url=row["url"],
        sealed_secret=row["sealed_secret"],
        event_id=event_id,
        body=body,
    )
    if answer.error is None:
        await services.db.write(lambda tx: _accepted_test(tx, job, services))
    return Tested(answer.error is None, answer.status, answer.error)


def _accepted_test(tx: Tx, job: Attempt[TestPayload], services: Services) -> None:
    job.ensure_lease(tx)
    subscription_id = job.payload.subscription_id
    row = store.find_subscription(tx, subscription_id)
    store.note_success(tx, subscription_id, services.clock.now())
    if row is not None and row["status"] == store.DISABLED:
        store.enable(tx, subscription_id)
        queue_waiting(tx, services, subscription_id)


def queue_delivery(tx: Tx, services: Services, subscription_id: str, user_id: str | None) -> None:
    """Queue the job that delivers that user's events, unless it waits or runs already."""
    paused_until = store.next_attempt_at(tx, subscription_id, user_id)
    services.queue.enqueue(
        tx,
        DELIVER_WEBHOOKS,
        DeliverPayload(subscription_id=subscription_id, user_id=user_id),
        user_id=user_id,
        scheduled_for=from_text(paused_until) if paused_until else None,
    )


def queue_waiting(tx: Tx, services: Services, subscription_id: str | None = None) -> int:
    """Queue a job for each user with waiting deliveries; returns their number."""
    pairs = store.waiting(tx, subscription_id)
    for row in pairs:
        queue_delivery(tx, services, row["subscription_id"], row["user_id"])
    return len(pairs)


DELIVER_WEBHOOKS = JobType(
    name="deliver_webhooks",
    payload=DeliverPayload,
    run=deliver_webhooks,
    lane=LANE,
    timeout=timedelta(minutes=10),
    dedup_key=lambda payload: f"webhooks-{payload.subscription_id}-{payload.user_id or ''}",
)
SEND_TEST_WEBHOOK = JobType(
    name="send_test_webhook",
    payload=TestPayload,
    run=send_test_webhook,
    lane=LANE,
    timeout=timedelta(minutes=1),
)
