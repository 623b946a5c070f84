"""The cron that enqueues a job for every account that is due, spread over some minutes."""

from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.calendars.caldav import store
from buildos_box.calendars.caldav.job import queue_sync
from buildos_box.calendars.feeds.limits import REFRESH, spread
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron

BATCH = 200


class AccountsQueued(msgspec.Struct, frozen=True):
    """The number of accounts for which a job was enqueued."""

    queued: int


async def _run(_due: Instant, services: Any) -> AccountsQueued:
    now, queued = services.clock.now(), 0

    def some(tx: Tx) -> int:
        found = store.due(tx, now, BATCH)
        for account in found:
            # First, so that it is not due at every run, whatever becomes of its job.
            store.postpone(tx, account.id, now + REFRESH)
            at = spread(account.id, now)
            queue_sync(tx, services, account, at=at, actor="cron:caldav_accounts")
        return len(found)

    while True:
        count = await services.db.write(some)
        queued += count
        if count < BATCH:
            return AccountsQueued(queued)


CALDAV_ACCOUNTS = Cron(
    name="caldav_accounts",
    schedule="*/15 * * * *",
    does="Syncs CalDAV accounts",
    run=_run,
    lookback=timedelta(hours=1),
)
