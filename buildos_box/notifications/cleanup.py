"""Deletes notifications older than 90 days, so that the inbox does not grow without limit."""

from datetime import timedelta

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs.crons import Cron
from buildos_box.notifications import store
from buildos_box.services import Services

KEPT_FOR = timedelta(days=90)
BATCH = 200
"""Rows per transaction, with their deliveries; few enough that no writer waits 50 ms."""


class Cleaned(msgspec.Struct, frozen=True):
    """The number of notifications that were deleted."""

    notifications: int


async def clean_up(_due: Instant, services: Services) -> Cleaned:
    """Delete notifications older than 90 days with their deliveries, oldest first."""
    before, total = services.clock.now() - KEPT_FOR, 0
    while gone := await services.db.write(lambda tx: store.delete_before(tx, before, BATCH)):
        total += gone
    return Cleaned(total)


CLEANUP = Cron(
    name="notifications_cleanup",
    schedule="40 3 * * *",
    does="Deletes notifications older than 90 days",
    run=clean_up,
)
