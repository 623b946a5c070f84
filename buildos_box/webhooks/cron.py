"""Deletes old events, and queues deliveries without a job (docs/spec.md#webhook-delivery)."""

from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs.crons import Cron
from buildos_box.webhooks import store
from buildos_box.webhooks.job import queue_waiting

KEPT_FOR = timedelta(days=30)
BATCH = 500
"""Rows per transaction, few enough that no other writer waits longer than 50 ms."""


class WebhooksCleaned(msgspec.Struct, frozen=True):
    """How many events were deleted, and for how many users deliveries wait."""

    events: int
    waiting: int


async def _clean_up(_due: Instant, services: Any) -> WebhooksCleaned:
    before, events = services.clock.now() - KEPT_FOR, 0
    while True:
        gone = await services.db.write(lambda tx: store.delete_events_before(tx, before, BATCH))
        events += gone
        if gone < BATCH:
            break
    waiting = await services.db.write(lambda tx: queue_waiting(tx, services))
    return WebhooksCleaned(events, waiting)


CLEANUP = Cron(
    name="webhooks_cleanup",
    schedule="20 * * * *",
    does="Deletes webhook events older than 30 days, and queues waiting deliveries",
    run=_clean_up,
)
