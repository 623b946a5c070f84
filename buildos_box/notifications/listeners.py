"""What notifications do on news from below: jobs that end, tasks that change, alerts."""

from buildos_box.db import Tx
from buildos_box.jobs.alerts import QueueAlert
from buildos_box.jobs.changes import JobCancelled, JobFailed
from buildos_box.mail.changes import EmailChanged, EmailRead
from buildos_box.notifications import fanout, push_outcome, relays, store
from buildos_box.notifications.event_types import due_soon_tag
from buildos_box.notifications.outgoing import notify
from buildos_box.services import Services
from buildos_box.sms import store as sms_store
from buildos_box.sms.changes import SmsChanged
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import TaskChanged, TaskDeleted


def listen(box: Services) -> None:
    """Subscribe to deliveries whose jobs fail for good, expire or are cancelled."""

    def end(
        tx: Tx, change: JobFailed | JobCancelled, status: str, reason: str | None, error: str | None
    ) -> None:
        if change.job_type not in (fanout.SEND_NOTIFICATION, fanout.SEND_PUSH):
            return
        delivery = store.delivery(tx, str(change.metadata.get("deliveryId")))
        if delivery is None:
            return
        if change.job_type == fanout.SEND_PUSH:
            withdrawn = status == store.SKIPPED and reason != "expired"
            push_outcome.finish_push(
                tx, box, delivery, status, reason=reason, error=error, unwanted=withdrawn
            )
        elif delivery["status"] == store.PENDING:
            store.finish(tx, delivery["id"], status, box.clock.now(), reason=reason, error=error)

    def on_failure(tx: Tx, change: JobFailed) -> None:
        end(tx, change, store.FAILED, None, change.message)

    def on_cancel(tx: Tx, change: JobCancelled) -> None:
        end(tx, change, store.SKIPPED, change.reason, None)

    def on_task(tx: Tx, change: TaskChanged) -> None:
        before, task = change.before, change.task
        if before is None or (task.completed_at, task.due_at, task.due_date) == (
            before.completed_at,
            before.due_at,
            before.due_date,
        ):
            return
        reason = "completed" if task.completed_at else "moved"
        fanout.withdraw(tx, box, change.user_id, due_soon_tag(task.id), reason=reason)

    def on_task_gone(tx: Tx, change: TaskDeleted) -> None:
        fanout.withdraw(tx, box, change.user_id, due_soon_tag(change.task.id), reason="deleted")

    def on_alert(tx: Tx, alert: QueueAlert) -> None:
        """Whoever runs the box reads of it in the inbox too."""
        event = "sms.alert" if alert.kind.startswith("sms") else "queue.alert"
        for admin in workspace.find_admins(tx):
            notify(
                tx,
                box,
                user_id=admin,
                event_type=event,
                payload={"message": alert.message, "kind": alert.kind},
                correlation_id=None,
            )

    def on_mail(tx: Tx, change: EmailChanged) -> None:
        status = relays.MAIL_ENDS.get(change.status)
        relays.update_delivery(tx, box, "email", change.email_id, status, change.reason)

    def on_mail_read(tx: Tx, change: EmailRead) -> None:
        delivery = store.carried_by(tx, "email", change.email_id)
        if delivery is not None:
            store.advance(tx, delivery["id"], change.kind, box.clock.now())

    def on_sms(tx: Tx, change: SmsChanged) -> None:
        row = sms_store.find(tx, change.sms_id)
        if row is not None and row["kind"] == "notification":
            status = relays.SMS_ENDS.get(row["status"])
            relays.update_delivery(tx, box, "sms", change.sms_id, status, row["reason"])

    box.db.subscribe(EmailChanged, on_mail)
    box.db.subscribe(EmailRead, on_mail_read)
    box.db.subscribe(SmsChanged, on_sms)
    box.db.subscribe(TaskChanged, on_task)
    box.db.subscribe(TaskDeleted, on_task_gone)
    box.db.subscribe(QueueAlert, on_alert)
    box.db.subscribe(JobFailed, on_failure)
    box.db.subscribe(JobCancelled, on_cancel)
