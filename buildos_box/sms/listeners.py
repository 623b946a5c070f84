"""How reminders and messages follow changes of events, users and jobs.

The rules: docs/spec.md#reminder-identity.
"""

from typing import Any

from buildos_box.chat.changes import ChatAddressChanged
from buildos_box.db import Row, Tx
from buildos_box.feature import Listener
from buildos_box.jobs import alerts
from buildos_box.jobs.changes import EXPIRED, JobCancelled, JobFailed
from buildos_box.operator_alert import OperatorAlert
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.changes import SmsChanged, SmsUndelivered
from buildos_box.sms.llm_reminders import writes
from buildos_box.sms.record_outcome import mark_failed, mark_unknown
from buildos_box.sms.reminders import replan_changed, replan_waiting, stop_reminders
from buildos_box.sms.schedule_job import plan_today
from buildos_box.sms.send_job import SEND_SMS
from buildos_box.workspace.changes import (
    EventCancelled,
    EventDeleted,
    EventMoved,
    EventSaved,
    SmsPreferencesChanged,
    UserSaved,
)


def on_event_changed(tx: Tx, services: Services, change: EventSaved | EventMoved) -> None:
    """Plan, move or cancel the event's reminder."""
    if replan_changed(tx, services, change.event) == store.SCHEDULED and writes(services):
        # Its text is the template's; the day's job asks a language model for a better one.
        plan_today(tx, services, change.event.user_id)


def on_event_cancelled(tx: Tx, services: Services, change: EventCancelled) -> None:
    """Cancel the event's reminders."""
    stop_reminders(tx, services, change.event.id, "event_cancelled")


def on_event_deleted(tx: Tx, services: Services, change: EventDeleted) -> None:
    """Cancel the event's reminders."""
    stop_reminders(tx, services, change.event.id, "event_deleted")


def on_user_saved(tx: Tx, services: Services, change: UserSaved) -> None:
    """Plan the user's reminders again, because another time zone has other days and quiet hours."""
    if change.zone_changed:
        plan_today(tx, services, change.user_id)
        replan_waiting(tx, services, change.user_id)


def on_preferences_changed(tx: Tx, services: Services, change: SmsPreferencesChanged) -> None:
    """Plan the user's day again."""
    plan_today(tx, services, change.user_id)


def on_chat_address_changed(tx: Tx, services: Services, change: ChatAddressChanged) -> None:
    """Plan the day of a user whose reminders go to their chat."""
    if preferences_store.find(tx, change.user_id).by_chat:
        plan_today(tx, services, change.user_id)


def on_sms_changed(tx: Tx, services: Services, change: SmsChanged) -> None:
    """Publish the message's state to open streams."""
    row = store.find(tx, change.sms_id)
    if row is not None:
        realtime.publish(
            tx,
            user_id=row["user_id"],
            type="sms.updated",
            data={
                "smsId": row["id"],
                "kind": row["kind"],
                "eventId": row["event_id"],
                "status": row["status"],
                "reason": row["reason"],
                "sendAt": row["send_at"],
            },
            correlation_id=row["correlation_id"],
            now=services.clock.now(),
        )
        _report_undelivered(tx, services, row)


def _report_undelivered(tx: Tx, services: Services, row: Row) -> None:
    """Announce a message that will not be delivered or whose outcome is unknown;
    alert operators.
    """
    expired = row["status"] == store.CANCELLED and row["reason"] == EXPIRED
    if not expired and row["status"] not in store.NOT_DELIVERED:
        return
    reason = "it expired" if expired else str(row["reason"])
    tx.announce(SmsUndelivered(row["id"], reason))
    message = f"SMS {row['id']} to user {row['user_id']} was not delivered: {reason}"
    alerts.report(tx, OperatorAlert(alerts.UNDELIVERED_SMS, message), services.clock.now())


def on_job_cancelled(tx: Tx, services: Services, change: JobCancelled) -> None:
    """Cancel the message of a cancelled job."""
    if change.job_type == SEND_SMS.name:
        sms_id = str(change.metadata.get("smsId"))
        _end_message_of_job(tx, services, sms_id, store.CANCELLED, change.reason)
        if change.reason == store.BY_REQUEST:
            store.change(tx, sms_id, services.clock.now(), by_request=1)


def on_job_failed(tx: Tx, services: Services, change: JobFailed) -> None:
    """Fail the message of a job that has failed for good."""
    if change.job_type == SEND_SMS.name:
        _end_message_of_job(
            tx, services, str(change.metadata.get("smsId")), store.FAILED, change.message
        )


def _end_message_of_job(tx: Tx, services: Services, sms_id: str, status: str, reason: str) -> None:
    """End the message of a job that ended; one that is being handed over may have been sent."""
    row = store.find(tx, sms_id)
    if reason == "rescheduled" or row is None:
        return
    if row["status"] == store.SENDING:
        mark_unknown(tx, sms_id, services, reason)
    elif row["status"] == store.SCHEDULED and status == store.FAILED:
        mark_failed(tx, sms_id, services, reason)
    elif row["status"] == store.SCHEDULED:
        store.change(tx, sms_id, services.clock.now(), status=status, reason=reason)


LISTENERS: tuple[Listener[Any], ...] = (
    Listener(EventSaved, on_event_changed),
    Listener(EventMoved, on_event_changed),
    Listener(EventCancelled, on_event_cancelled),
    Listener(EventDeleted, on_event_deleted),
    Listener(UserSaved, on_user_saved),
    Listener(SmsPreferencesChanged, on_preferences_changed),
    Listener(ChatAddressChanged, on_chat_address_changed),
    Listener(SmsChanged, on_sms_changed),
    Listener(JobCancelled, on_job_cancelled),
    Listener(JobFailed, on_job_failed),
)
