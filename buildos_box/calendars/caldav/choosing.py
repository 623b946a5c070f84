"""Choosing what of an account is synced, and giving an account up."""

from buildos_box.calendars.caldav import store
from buildos_box.calendars.caldav.store import Collection
from buildos_box.calendars.caldav.views import CollectionChange
from buildos_box.calendars.feeds.apply import take_events_away
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable


def choose(tx: Tx, collection: Collection, wanted: CollectionChange, now: Instant) -> None:
    """Store what was chosen; events that are no longer wanted are deleted. Raises Unprocessable."""
    if wanted.reads_events is not None and wanted.reads_events != collection.reads_events:
        if wanted.reads_events and not collection.has_events:
            raise Unprocessable.field("readsEvents", "this list has no events")
        store.set_reads_events(tx, collection.id, reads=wanted.reads_events)
        if not wanted.reads_events:
            take_events_away(tx, collection, now)


def remove_account(tx: Tx, account_id: str, now: Instant) -> None:
    """Delete the account with its events; nothing changes at the server."""
    for collection in store.collections(tx, account_id):
        take_events_away(tx, collection, now)
    store.delete(tx, account_id)
