"""What mail does when its jobs end in other ways than by their own word."""

from buildos_box.db import Tx
from buildos_box.jobs.changes import JobCancelled, JobFailed
from buildos_box.mail import store
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL
from buildos_box.mail.notification_job import SEND_NOTIFICATION_EMAIL
from buildos_box.services import Services

_MAIL_JOBS = (GENERATE_BRIEF_EMAIL.name, SEND_NOTIFICATION_EMAIL.name)


def listen(box: Services) -> None:
    """Subscribe to mail jobs that fail, expire or are cancelled."""

    def on_failure(tx: Tx, change: JobFailed) -> None:
        if change.job_type in _MAIL_JOBS:
            email_id = str(change.metadata.get("emailId"))
            store.stop(tx, email_id, store.FAILED, change.message, box.clock.now())

    def on_cancel(tx: Tx, change: JobCancelled) -> None:
        if change.job_type in _MAIL_JOBS:
            email_id = str(change.metadata.get("emailId"))
            store.stop(tx, email_id, store.CANCELLED, change.reason, box.clock.now())

    box.db.subscribe(JobFailed, on_failure)
    box.db.subscribe(JobCancelled, on_cancel)
