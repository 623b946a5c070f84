"""What becomes an event for subscribers, in the transaction of its cause."""

from typing import Any

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.feature import Listener
from buildos_box.jobs import job_query_store as jobs
from buildos_box.jobs.changes import JobProgressed, JobsChanged
from buildos_box.mail import store as mails
from buildos_box.mail.changes import EmailChanged, EmailOpenedOrClicked
from buildos_box.realtime.changes import EventStored
from buildos_box.services import Services
from buildos_box.webhooks import store
from buildos_box.webhooks.changes import SubscriptionsChanged
from buildos_box.webhooks.event_types import JOB_PROGRESS, JOB_UPDATED
from buildos_box.webhooks.job import DELIVER_WEBHOOKS, SEND_TEST_WEBHOOK, queue_delivery
from buildos_box.webhooks.subscribers import on_subscriptions_changed, subscribers
from buildos_box.workspace.changes import UserDeleted

_OWN_JOBS = (DELIVER_WEBHOOKS.name, SEND_TEST_WEBHOOK.name)
"""Jobs without events: each delivery would cause the next."""


def record(
    tx: Tx,
    services: Services,
    *,
    type: str,  # noqa: A002 (the field's name on the wire)
    user_id: str | None,
    correlation_id: str | None,
    data: str,
    now: Instant,
) -> None:
    """Store an event if anybody subscribed to its type, and queue its deliveries.

    A disabled subscription gets no delivery, but the event can be replayed to it.
    """
    found = subscribers(tx, services, type)
    if not found:
        return
    seq = store.add_event(
        tx,
        services.ids.new("event", now),
        type=type,
        user_id=user_id,
        correlation_id=correlation_id,
        data=data,
        at=to_text(now),
    )
    for subscription in found:
        if subscription["status"] == store.ACTIVE:
            store.set_waiting(
                tx,
                services.ids.new("delivery", now),
                subscription_id=subscription["id"],
                event_seq=seq,
                user_id=user_id,
                now=now,
            )
            queue_delivery(tx, services, subscription["id"], user_id)


def on_event_stored(tx: Tx, services: Services, change: EventStored) -> None:
    """Deliver what streams get."""
    record(
        tx,
        services,
        type=change.type,
        user_id=change.user_id,
        correlation_id=change.correlation_id,
        data=change.data,
        now=services.clock.now(),
    )


def on_jobs_changed(tx: Tx, services: Services, change: JobsChanged) -> None:
    """Deliver the jobs as their rows are now, also if they have changed by the time of sending."""
    _job_events(tx, services, JOB_UPDATED, change.row_ids)


def on_job_progressed(tx: Tx, services: Services, change: JobProgressed) -> None:
    """Deliver the job's progress."""
    _job_events(tx, services, JOB_PROGRESS, (change.row_id,))


def _job_events(tx: Tx, services: Services, event_type: str, row_ids: tuple[int, ...]) -> None:
    if not subscribers(tx, services, event_type):
        return
    for row in jobs.rows_in(tx, row_ids):
        if row["job_type"] not in _OWN_JOBS:
            record(
                tx,
                services,
                type=event_type,
                user_id=row["user_id"],
                correlation_id=row["correlation_id"],
                data=msgspec.json.encode({"job": dict(row)}).decode(),
                now=services.clock.now(),
            )


def on_email_changed(tx: Tx, services: Services, change: EmailChanged) -> None:
    """Deliver that a mail was handed over."""
    if change.status == mails.SENT:
        _email_event(tx, services, "email.sent", change.email_id)


def on_email_opened_or_clicked(tx: Tx, services: Services, change: EmailOpenedOrClicked) -> None:
    """Deliver that a mail was opened or a link in it clicked."""
    _email_event(tx, services, f"email.{change.kind}", change.email_id)


def _email_event(tx: Tx, services: Services, event_type: str, email_id: str) -> None:
    if not subscribers(tx, services, event_type):
        return
    email = mails.find(tx, email_id)
    if email is not None:
        record(
            tx,
            services,
            type=event_type,
            user_id=email.user_id,
            correlation_id=email.correlation_id,
            data=msgspec.json.encode({"emailId": email.id, "briefId": email.brief_id}).decode(),
            now=services.clock.now(),
        )


def on_user_deleted(tx: Tx, services: Services, change: UserDeleted) -> None:
    """Erase the user's events and their deliveries."""
    store.erase_events_of(tx, change.user_id)


LISTENERS: tuple[Listener[Any], ...] = (
    Listener(EventStored, on_event_stored),
    Listener(JobsChanged, on_jobs_changed),
    Listener(JobProgressed, on_job_progressed),
    Listener(EmailChanged, on_email_changed),
    Listener(EmailOpenedOrClicked, on_email_opened_or_clicked),
    Listener(UserDeleted, on_user_deleted),
    Listener(SubscriptionsChanged, on_subscriptions_changed),
)
