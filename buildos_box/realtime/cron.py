"""Deletes events after a day, until when streams can resume (docs/spec.md#realtime-resume)."""

from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs.crons import Cron
from buildos_box.realtime import store, ticket_store

KEPT_FOR = timedelta(hours=24)
BATCH = 500
"""Rows per transaction, few enough that no other writer waits longer than 50 ms."""


class Cleaned(msgspec.Struct, frozen=True):
    """The numbers of deleted events and tickets."""

    events: int
    tickets: int


async def _clean_up(_due: Instant, services: Any) -> Cleaned:
    now = services.clock.now()
    through = await store.last_before(services.db, now - KEPT_FOR)
    events = 0
    while True:
        gone = await services.db.write(lambda tx: store.delete_through(tx, through, BATCH))
        events += gone
        if gone < BATCH:
            break
    tickets = await services.db.write(lambda tx: ticket_store.delete_expired(tx, now))
    return Cleaned(events, tickets)


CLEANUP = Cron(
    name="realtime_cleanup",
    schedule="10 * * * *",
    does="Deletes realtime events older than a day, and old tickets",
    run=_clean_up,
)
