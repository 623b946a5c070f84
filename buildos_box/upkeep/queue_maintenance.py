"""The queue's own crons (docs/spec.md#cron-table)."""

from datetime import timedelta

from buildos_box.clock import Instant
from buildos_box.jobs import history
from buildos_box.jobs.alerts import AlertSummary, check
from buildos_box.jobs.cleanup import CleanupReport, Thresholds, clean_up
from buildos_box.jobs.crons import Cron
from buildos_box.llm import history_store
from buildos_box.services import Services


async def _clean_up(_due: Instant, services: Services) -> CleanupReport:
    report = await clean_up(
        services.db, services.queue, services.clock, Thresholds(), actor="cron:cleanup"
    )
    minutes, hours = history.oldest_kept(services.clock.now())
    await services.db.write(lambda tx: history_store.forget_before(tx, minutes, hours))
    return report


async def _check(_due: Instant, services: Services) -> AlertSummary:
    return await check(services.db, services.clock)


CLEANUP = Cron(
    name="cleanup",
    schedule="30 3 * * *",
    does="Cancels stale jobs, archives failed ones, deletes old finished ones",
    run=_clean_up,
)
QUEUE_ALERTS = Cron(
    name="queue_alerts",
    schedule="* * * * *",
    does="Raises alerts on failure spikes and on jobs that wait for too long",
    run=_check,
    lookback=timedelta(minutes=1),
)
