"""What mail does when something below it changes, in the same transaction."""

from buildos_box.db import Tx
from buildos_box.jobs.changes import JobCancelled, JobFailed
from buildos_box.mail import bounce_store, store
from buildos_box.mail.changes import EmailBounced
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL
from buildos_box.mail.notification_job import SEND_NOTIFICATION_EMAIL
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import UserSaved

_MAIL_JOBS = (GENERATE_BRIEF_EMAIL.name, SEND_NOTIFICATION_EMAIL.name)


def listen(box: Services) -> None:
    """Subscribe to mail jobs that fail, expire or are cancelled, to users, and to bounces."""

    def on_failure(tx: Tx, change: JobFailed) -> None:
        if change.job_type in _MAIL_JOBS:
            email_id = str(change.metadata.get("emailId"))
            store.stop(tx, email_id, store.FAILED, change.message, box.clock.now())

    def on_cancel(tx: Tx, change: JobCancelled) -> None:
        if change.job_type in _MAIL_JOBS:
            email_id = str(change.metadata.get("emailId"))
            store.stop(tx, email_id, store.CANCELLED, change.reason, box.clock.now())

    def on_user(tx: Tx, change: UserSaved) -> None:
        user = workspace.find_user(tx, change.user_id)
        if user is None or change.created:
            return
        bounce_store.clear_others(tx, user.id, user.email)
        if not user.email_tracking:
            store.stop_tracking(tx, user.id)

    def on_bounce(tx: Tx, change: EmailBounced) -> None:
        realtime.publish(
            tx,
            user_id=change.user_id,
            type="email.bounced",
            data={"emailId": change.email_id, "address": change.address, "reason": change.reason},
            correlation_id=change.correlation_id,
            now=box.clock.now(),
        )

    box.db.subscribe(UserSaved, on_user)
    box.db.subscribe(EmailBounced, on_bounce)
    box.db.subscribe(JobFailed, on_failure)
    box.db.subscribe(JobCancelled, on_cancel)
