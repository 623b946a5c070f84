"""What jobs that send one delivery themselves share: push, chat.

The rules: docs/spec.md#notification-flow.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from buildos_box.clock import from_text
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType
from buildos_box.jobs.retry import RetryPolicy
from buildos_box.notifications import checks, fanout, store
from buildos_box.notifications.event_types import Channel
from buildos_box.notifications.fanout import DeliveryPayload, DeliveryResult
from buildos_box.notifications.preferences import Skip, Wait
from buildos_box.services import Services

_DONE = ("sent", "delivered", "opened", "clicked")


@dataclass(frozen=True, slots=True)
class Begun:
    """A delivery whose attempt is counted, and why it is not to be sent: None if it is."""

    delivery: Row
    notification: Row
    skip: Skip | None


def begin(
    tx: Tx, job: Attempt[DeliveryPayload], services: Services, channel: Channel
) -> Begun | DeliveryResult | Wait:
    """Check the preferences again and count the attempt.

    Returns the outcome of what was sent already, and how long to wait in do-not-disturb hours.
    Raises PermanentError (the notification or its user was deleted), LeaseLost.
    """
    job.ensure_lease(tx)
    delivery = store.delivery(tx, job.payload.delivery_id)
    if delivery is None:
        raise PermanentError("its notification was deleted", code="unknown_delivery")
    if delivery["status"] in _DONE:
        return DeliveryResult(delivery["id"], delivery["status"])
    notification = store.notification(tx, delivery["notification_id"])
    stale_at = checks.stale_at(notification)
    decision = checks.decide_now(tx, services, notification, channel, stale_at)
    if isinstance(decision, Wait):
        return decision
    store.begin(tx, delivery["id"], services.clock.now())
    return Begun(delivery, notification, decision if isinstance(decision, Skip) else None)


def note_error(tx: Tx, job: Attempt[DeliveryPayload], services: Services, message: str) -> None:
    """Store the error; only the end of the job decides the delivery's outcome. Raises LeaseLost."""
    job.ensure_lease(tx)
    store.note_error(tx, job.payload.delivery_id, message, services.clock.now())


Run = Callable[[Attempt[DeliveryPayload], Any], Awaitable[DeliveryResult]]


def job_type(name: str, run: Run) -> JobType[DeliveryPayload]:
    """The job type of a channel: tried for a day, or as long as the message is of use."""
    return JobType(
        name=name,
        payload=DeliveryPayload,
        run=run,
        lane="push",
        timeout=timedelta(minutes=2),
        max_attempts=8,
        retry=RetryPolicy(retry_for=timedelta(days=1), longest_delay=timedelta(minutes=15)),
        dedup_key=lambda payload: fanout.delivery_key(payload.delivery_id),
        expires_at=lambda payload: from_text(payload.stale_at) if payload.stale_at else None,
    )
