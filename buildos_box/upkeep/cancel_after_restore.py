"""After a restore, cancels jobs that were due before it (docs/spec.md#restore)."""

from typing import Any

from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.clock import from_text
from buildos_box.db import Row, Tx, epoch_store
from buildos_box.jobs import job_store
from buildos_box.log import logger
from buildos_box.services import Services
from buildos_box.sms.schedule_job import SCHEDULE_DAILY_SMS

LANES = ("email", "sms", "push")
TYPES = (GENERATE_DAILY_BRIEF.name, SCHEDULE_DAILY_SMS.name)
"""Job types of other lanes that end in a message of their day."""
REASON = "restored: it was due before the restore"
log = logger(__name__)


async def apply_epoch(services: Services) -> int:
    """Cancel what a new epoch must not send; returns the number of jobs."""
    expired = await services.db.write(lambda tx: _expire_old_jobs(tx, services))
    if expired:
        log.warning("restored_sends_expired", jobs=expired)
    return expired


def _expire_old_jobs(tx: Tx, services: Services) -> int:
    epoch = epoch_store.unfinished(tx)
    if epoch is None:
        return 0
    old: list[Row] = []
    if not epoch.resume_sends:
        old = [row for row in job_store.live_all(tx) if _was_due(row, epoch)]
    for row in old:
        services.queue.cancel(tx, row["queue_job_id"], reason=REASON, actor="restore")
    epoch_store.finish(tx, services.clock.now())
    return len(old)


def _was_due(row: Any, epoch: epoch_store.Epoch) -> bool:
    tells = row["lane"] in LANES or row["job_type"] in TYPES
    return tells and from_text(row["scheduled_for"]) <= epoch.started_at
