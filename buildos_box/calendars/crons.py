"""The crons that enqueue a job for every feed and account that is due, spread over some minutes.

The rules: docs/spec.md#calendar-feeds.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.calendars.caldav import job as caldav_job
from buildos_box.calendars.caldav import store as account_store
from buildos_box.calendars.feeds import job as feed_job
from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.limits import REFRESH, spread
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron

BATCH = 200


class SourcesQueued(msgspec.Struct, frozen=True):
    """The number of feeds or accounts for which a job was enqueued."""

    queued: int


async def _queue_feeds(_due: Instant, services: Any) -> SourcesQueued:
    def some(tx: Tx, now: Instant) -> int:
        found = feed_store.due(tx, now, BATCH)
        for feed in found:
            # First, so that it is not due at every run, whatever becomes of its job.
            feed_store.postpone(tx, feed.id, now + REFRESH)
            at = spread(feed.id, now)
            feed_job.queue_sync(tx, services, feed, at=at, actor="cron:calendar_feeds")
        return len(found)

    return await _in_batches(services, some)


async def _queue_accounts(_due: Instant, services: Any) -> SourcesQueued:
    def some(tx: Tx, now: Instant) -> int:
        found = account_store.due(tx, now, BATCH)
        for account in found:
            account_store.postpone(tx, account.id, now + REFRESH)
            at = spread(account.id, now)
            caldav_job.queue_sync(tx, services, account, at=at, actor="cron:caldav_accounts")
        return len(found)

    return await _in_batches(services, some)


async def _in_batches(services: Any, some: Callable[[Tx, Instant], int]) -> SourcesQueued:
    now, queued = services.clock.now(), 0
    while True:
        count = await services.db.write(lambda tx: some(tx, now))
        queued += count
        if count < BATCH:
            return SourcesQueued(queued)


CALENDAR_FEEDS = Cron(
    name="calendar_feeds",
    schedule="*/15 * * * *",
    does="Reads subscribed calendars again, if they have changed",
    run=_queue_feeds,
    lookback=timedelta(hours=1),
)
CALDAV_ACCOUNTS = Cron(
    name="caldav_accounts",
    schedule="*/15 * * * *",
    does="Syncs CalDAV accounts",
    run=_queue_accounts,
    lookback=timedelta(hours=1),
)
