"""What notifications do when their jobs end in other ways than by their own word."""

from buildos_box.db import Tx
from buildos_box.jobs.changes import JobCancelled, JobFailed
from buildos_box.notifications import fanout, push_outcome, store
from buildos_box.services import Services


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
            push_outcome.settle_one(tx, box, delivery, status, error=error or reason)
        elif delivery["status"] == store.PENDING:
            store.settle(tx, delivery["id"], status, box.clock.now(), reason=reason, error=error)

    def on_failure(tx: Tx, change: JobFailed) -> None:
        end(tx, change, store.FAILED, None, change.message)

    def on_cancel(tx: Tx, change: JobCancelled) -> None:
        end(tx, change, store.SKIPPED, change.reason, None)

    box.db.subscribe(JobFailed, on_failure)
    box.db.subscribe(JobCancelled, on_cancel)
