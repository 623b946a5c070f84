"""What this room does when something below it changes, in the same transaction.

The rules: docs/spec.md#reminder-identity.
"""

from buildos_box.db import Tx
from buildos_box.jobs.changes import JobCancelled, JobFailed
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.sms import store
from buildos_box.sms.changes import SmsChanged
from buildos_box.sms.delivery import mark_unknown
from buildos_box.sms.reminders import replan_changed, replan_waiting, stop_reminders
from buildos_box.sms.schedule_job import plan_today
from buildos_box.sms.send_job import SEND_SMS
from buildos_box.sms.writing import writes
from buildos_box.workspace.changes import (
    EventCancelled,
    EventDeleted,
    EventMoved,
    EventSaved,
    SmsPreferencesChanged,
    UserSaved,
)


def listen(box: Services) -> None:
    """Subscribe to events and zones that change, and to jobs that end by another's word."""

    def on_change(tx: Tx, change: EventSaved | EventMoved) -> None:
        if replan_changed(tx, box, change.event) == store.SCHEDULED and writes(box):
            # The template stands already; the day's job has a model put it into better words.
            plan_today(tx, box, change.event.user_id)

    def on_cancelled(tx: Tx, change: EventCancelled) -> None:
        stop_reminders(tx, box, change.event.id, "event_cancelled")

    def on_deleted(tx: Tx, change: EventDeleted) -> None:
        stop_reminders(tx, box, change.event.id, "event_deleted")

    def on_user(tx: Tx, change: UserSaved) -> None:
        if change.zone_changed:
            plan_today(tx, box, change.user_id)
            replan_waiting(tx, box, change.user_id)

    def on_wishes(tx: Tx, change: SmsPreferencesChanged) -> None:
        plan_today(tx, box, change.user_id)

    def on_message(tx: Tx, change: SmsChanged) -> None:
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
                now=box.clock.now(),
            )

    def on_job_cancelled(tx: Tx, change: JobCancelled) -> None:
        if change.job_type == SEND_SMS.name:
            _end(tx, str(change.metadata.get("smsId")), store.CANCELLED, change.reason)

    def on_job_failed(tx: Tx, change: JobFailed) -> None:
        if change.job_type == SEND_SMS.name:
            _end(tx, str(change.metadata.get("smsId")), store.FAILED, change.message)

    def _end(tx: Tx, sms_id: str, status: str, reason: str) -> None:
        """A job ended by another's word; what is on its way may have left."""
        row = store.find(tx, sms_id)
        if reason == "rescheduled" or row is None:
            return
        if row["status"] == store.SENDING:
            mark_unknown(tx, sms_id, box, reason)
        elif row["status"] == store.SCHEDULED:
            store.change(tx, sms_id, box.clock.now(), status=status, reason=reason)

    box.db.subscribe(EventSaved, on_change)
    box.db.subscribe(EventMoved, on_change)
    box.db.subscribe(EventCancelled, on_cancelled)
    box.db.subscribe(EventDeleted, on_deleted)
    box.db.subscribe(UserSaved, on_user)
    box.db.subscribe(SmsPreferencesChanged, on_wishes)
    box.db.subscribe(SmsChanged, on_message)
    box.db.subscribe(JobCancelled, on_job_cancelled)
    box.db.subscribe(JobFailed, on_job_failed)
