"""The cron that enqueues a job for every feed that is due, spread over some minutes.

The rules: docs/spec.md#calendar-feeds.
"""

from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.job import queue_sync
from buildos_box.calendars.feeds.limits import REFRESH, spread
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron

BATCH = 200


class FeedsQueued(msgspec.Struct, frozen=True):
    """The number of feeds for which a job was enqueued."""

    queued: int


async def _run(_due: Instant, services: Any) -> FeedsQueued:
    now, queued = services.clock.now(), 0

    def some(tx: Tx) -> int:
        found = feed_store.due(tx, now, BATCH)
        for feed in found:
            # First, so that the feed is not due at every run, whatever becomes of its job.
            feed_store.postpone(tx, feed.id, now + REFRESH)
            queue_sync(tx, services, feed, at=spread(feed.id, now), actor="cron:calendar_feeds")
        return len(found)

    while True:
        count = await services.db.write(some)
        queued += count
        if count < BATCH:
            return FeedsQueued(queued)


CALENDAR_FEEDS = Cron(
    name="calendar_feeds",
    schedule="*/15 * * * *",
    does="Reads subscribed calendars again, if they have changed",
    run=_run,
    lookback=timedelta(hours=1),
)
