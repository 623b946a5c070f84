"""Every quarter of an hour the feeds that are due are read, each a little later.

The rules: docs/spec.md#calendar-feeds.
"""

from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.job import queue_sync
from buildos_box.calendars.feeds.rules import REFRESH, spread
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron

BATCH = 200


class FeedsQueued(msgspec.Struct, frozen=True):
    """How many feeds are to be read."""

    queued: int


async def _run(_due: Instant, box: Any) -> FeedsQueued:
    now, queued = box.clock.now(), 0

    def some(tx: Tx) -> int:
        found = feed_store.due(tx, now, BATCH)
        for feed in found:
            # Put off first: whatever becomes of the job, the feed is not due again and again.
            feed_store.put_off(tx, feed.id, now + REFRESH)
            queue_sync(tx, box, feed, at=spread(feed.id, now), actor="cron:calendar_feeds")
        return len(found)

    while True:
        count = await box.db.write(some)
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
