"""Notifications are kept for a season, so that an inbox does not grow for ever."""

from datetime import timedelta

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs.crons import Cron
from buildos_box.notifications import store
from buildos_box.services import Services

KEPT_FOR = timedelta(days=90)
BATCH = 200
"""Rows a transaction, with their deliveries: nobody waits 50 ms for the writer."""


class Cleaned(msgspec.Struct, frozen=True):
    """How many a cleanup deleted."""

    notifications: int


async def clean_up(_due: Instant, box: Services) -> Cleaned:
    """Delete what is older, with its deliveries, from the old end."""
    before, total = box.clock.now() - KEPT_FOR, 0
    while gone := await box.db.write(lambda tx: store.delete_before(tx, before, BATCH)):
        total += gone
    return Cleaned(total)


CLEANUP = Cron(
    name="notifications_cleanup",
    schedule="40 3 * * *",
    does="Deletes notifications older than 90 days",
    run=clean_up,
)
