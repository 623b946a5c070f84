"""What notifications do when jobs end, tasks change, messages arrive, or alerts are raised."""

from typing import Any

from buildos_box.clock import from_text
from buildos_box.db import Tx
from buildos_box.feature import Listener
from buildos_box.jobs.changes import EXPIRED, STALE, JobCancelled, JobFailed
from buildos_box.mail.changes import EmailChanged, EmailOpenedOrClicked, EmailUndelivered
from buildos_box.notifications import fanout, push_outcome, relays, store
from buildos_box.notifications.event_types import due_soon_tag
from buildos_box.notifications.outgoing import notify
from buildos_box.operator_alert import OperatorAlert
from buildos_box.services import Services
from buildos_box.sms import store as sms_store
from buildos_box.sms.changes import ReminderDue, SmsChanged, SmsUndelivered
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import CalendarSyncFailed, TaskDeleted, TasksSaved

_DUE_TIME = frozenset({"completed_at", "due_at", "due_date"})
"""The columns of a task that decide whether it is due, and when."""


def _job_ended(
    tx: Tx,
    services: Services,
    change: JobFailed | JobCancelled,
    status: str,
    *,
    reason: str | None = None,
    error: str | None = None,
) -> None:
    """End the delivery of a job that failed for good, expired or was cancelled."""
    if change.job_type not in (fanout.SEND_NOTIFICATION, fanout.SEND_PUSH, fanout.SEND_CHAT):
        return
    delivery = store.delivery(tx, str(change.metadata.get("deliveryId")))
    if delivery is None:
        return
    too_late = reason in (EXPIRED, STALE)
    if change.job_type == fanout.SEND_PUSH:
        withdrawn = status == store.SKIPPED and not too_late
        push_outcome.finish_push(
            tx, services, delivery, status, reason=reason, error=error, unwanted=withdrawn
        )
    elif delivery["status"] == store.PENDING:
        store.finish(tx, delivery["id"], status, services.clock.now(), reason=reason, error=error)
        if too_late or (change.job_type == fanout.SEND_CHAT and status == store.FAILED):
            channel = delivery["channel"]
            push_outcome.fall_back(tx, services, delivery["notification_id"], channel)


def on_job_failed(tx: Tx, services: Services, change: JobFailed) -> None:
    """End the delivery of a job that has failed for good."""
    _job_ended(tx, services, change, store.FAILED, error=change.message)


def on_job_cancelled(tx: Tx, services: Services, change: JobCancelled) -> None:
    """Skip the delivery of a cancelled or expired job."""
    _job_ended(tx, services, change, store.SKIPPED, reason=change.reason)


def on_tasks_saved(tx: Tx, services: Services, change: TasksSaved) -> None:
    """Withdraw what was said of a task's due time once that no longer holds."""
    moved = [
        saved
        for saved in change.tasks
        if saved.changed is not None and not saved.changed.isdisjoint(_DUE_TIME)
    ]
    if not moved:
        return
    # Of few tasks something was said, and a request may move thousands: one look has to do.
    tags = store.tags_used(tx, [(saved.user_id, due_soon_tag(saved.task_id)) for saved in moved])
    for saved in moved:
        tag = due_soon_tag(saved.task_id)
        task = workspace.find_task(tx, saved.task_id) if tag in tags else None
        if task is not None:
            reason = "completed" if task.completed_at else "moved"
            fanout.withdraw(tx, services, saved.user_id, tag, reason=reason)


def on_task_deleted(tx: Tx, services: Services, change: TaskDeleted) -> None:
    """Withdraw what was said of the task."""
    fanout.withdraw(tx, services, change.user_id, due_soon_tag(change.task.id), reason="deleted")


def on_operator_alert(tx: Tx, services: Services, alert: OperatorAlert) -> None:
    """Put the alert into the inbox of every admin."""
    event = "sms.alert" if alert.kind.startswith("sms") else "queue.alert"
    for admin in workspace.find_admins(tx):
        notify(
            tx,
            services,
            user_id=admin,
            event_type=event,
            payload={"message": alert.message, "kind": alert.kind},
            correlation_id=None,
        )


def on_calendar_sync_failed(tx: Tx, services: Services, change: CalendarSyncFailed) -> None:
    """Notify the owner of a calendar feed, once in each row of failures."""
    notify(
        tx,
        services,
        user_id=change.user_id,
        event_type="calendar.sync_failed",
        payload={"feedId": change.feed_id, "name": change.name, "error": change.error},
        correlation_id=change.correlation_id,
    )


def on_email_changed(tx: Tx, services: Services, change: EmailChanged) -> None:
    """Carry the mail's state over to the notification that it relays."""
    if not change.is_notification:
        return
    status = relays.MAIL_ENDS.get(change.status)
    relays.update_delivery(tx, services, "email", change.email_id, status, change.reason)


def on_email_undelivered(tx: Tx, services: Services, change: EmailUndelivered) -> None:
    """Deliver in the app what the mail could not bring."""
    relays.update_delivery(tx, services, "email", change.email_id, store.FAILED, change.reason)


def on_email_opened_or_clicked(tx: Tx, services: Services, change: EmailOpenedOrClicked) -> None:
    """Mark the notification that the mail relays as opened or clicked."""
    delivery = store.delivery_of_message(tx, "email", change.email_id)
    if delivery is not None:
        store.advance(tx, delivery["id"], change.kind, services.clock.now())


def on_sms_changed(tx: Tx, services: Services, change: SmsChanged) -> None:
    """Carry the message's state over to the notification that it relays."""
    row = sms_store.find(tx, change.sms_id)
    if row is not None and row["kind"] == "notification":
        status = relays.SMS_ENDS.get(row["status"])
        relays.update_delivery(tx, services, "sms", change.sms_id, status, row["reason"])


def on_sms_undelivered(tx: Tx, services: Services, change: SmsUndelivered) -> None:
    """Deliver in the app what a reminder or a message could not bring."""
    row = sms_store.find(tx, change.sms_id)
    if row is not None and row["kind"] in ("reminder", "message"):
        relays.notify_of_undelivered_sms(tx, services, row, change.reason)


def on_reminder_due(tx: Tx, services: Services, change: ReminderDue) -> None:
    """Send the reminder of an event to its user's chat."""
    row = sms_store.find(tx, change.sms_id)
    if row is None:
        return
    event = workspace.find_event(tx, row["event_id"])
    notify(
        tx,
        services,
        user_id=row["user_id"],
        event_type="event.reminder",
        payload={
            "eventId": row["event_id"],
            "text": change.text,
            "location": (event.location if event else None) or "",
        },
        correlation_id=row["correlation_id"],
        channels=("chat",),
        stale_at=from_text(row["expires_at"]) if row["expires_at"] else None,
        once_key=f"reminder-{row['id']}",
    )


LISTENERS: tuple[Listener[Any], ...] = (
    Listener(EmailChanged, on_email_changed),
    Listener(EmailUndelivered, on_email_undelivered),
    Listener(EmailOpenedOrClicked, on_email_opened_or_clicked),
    Listener(SmsChanged, on_sms_changed),
    Listener(SmsUndelivered, on_sms_undelivered),
    Listener(ReminderDue, on_reminder_due),
    Listener(TasksSaved, on_tasks_saved),
    Listener(TaskDeleted, on_task_deleted),
    Listener(CalendarSyncFailed, on_calendar_sync_failed),
    Listener(OperatorAlert, on_operator_alert),
    Listener(JobFailed, on_job_failed),
    Listener(JobCancelled, on_job_cancelled),
)
