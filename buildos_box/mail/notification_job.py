"""The job that sends a notification's mail (docs/spec.md#mail-job)."""

from typing import Any

from buildos_box.db import Tx
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.mail import refusal_store, store
from buildos_box.mail.job import (
    LONGEST_SESSION,
    RETRY,
    EmailResult,
    deliver,
    refused_by_reader,
)
from buildos_box.services import Services

NOTIFICATIONS = "notifications"


class NotificationEmailPayload(Payload, frozen=True, kw_only=True):
    """The mail to send; its content is in its row."""

    user_id: str
    email_id: str


async def send_notification_email(
    job: Attempt[NotificationEmailPayload], services: Services
) -> EmailResult:
    """Send the notification's mail of the payload.

    An attempt after a crash sends the same bytes again. Raises what `deliver` raises.
    """
    return await deliver(job, services, job.payload.email_id, _refused)


def _refused(tx: Tx, job: Attempt[Any], services: Services, email: store.Email) -> str | None:
    """Why the mail must not be sent: it was sent, or its reader has unsubscribed."""
    job.ensure_lease(tx)
    if email.status == store.SENT:
        return store.SENT
    if email.status in store.IN_DOUBT:
        return None
    objections = refusal_store.find_objections(tx, email, NOTIFICATIONS)
    return refused_by_reader(tx, services, email, objections)


SEND_NOTIFICATION_EMAIL = JobType(
    name="send_notification_email",
    payload=NotificationEmailPayload,
    run=send_notification_email,
    lane="email",
    timeout=LONGEST_SESSION,
    max_attempts=8,
    retry=RETRY,
    dedup_key=lambda payload: f"notification-email-{payload.email_id}",
)
