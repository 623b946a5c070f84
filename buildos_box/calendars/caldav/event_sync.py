"""Reads a collection's events, and stores them as those of feeds are stored."""

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from buildos_box.calendars.caldav import collection_store
from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.dav_client import Server, ServerRefused
from buildos_box.calendars.caldav.dav_xml import events_between
from buildos_box.calendars.feeds.fetch import Download, FeedFault, Marks
from buildos_box.calendars.feeds.limits import AHEAD, BACK, READ_AGAIN
from buildos_box.calendars.feeds.read_feed import AGAIN, parse_within_limits
from buildos_box.calendars.feeds.store_events import store_changes
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import TransientError
from buildos_box.services import Services
from buildos_box.workspace.model import User
from buildos_box.workspace.sync import Counts

if TYPE_CHECKING:
    from buildos_box.calendars.ics.reader import CalendarImport

_EMPTY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True)
class Events:
    """A collection's events that were read, and the server's mark from before."""

    collection: Collection
    found: "CalendarImport"
    mark: str
    is_whole: bool


def is_unread(collection: Collection, mark: str, now: Instant) -> bool:
    """Whether its events have to be read: they may have changed, or new dates have come near."""
    if not mark or mark != collection.read_mark or collection.read_at is None:
        return True
    return now - collection.read_at >= READ_AGAIN


async def read_events(
    services: Services, server: Server, collection: Collection, mark: str, user: User
) -> Events:
    """The collection's events in the span that is stored.

    Raises what Server's methods raise, TransientError if the user's processor time is used up.
    """
    now = services.clock.now()
    query = events_between(f"{now - BACK:%Y%m%dT%H%M%SZ}", f"{now + AHEAD:%Y%m%dT%H%M%SZ}")
    answer = await server.report(collection.url, query, depth=1)
    calendars = [part.text("c:calendar-data") for part in answer.parts if part.status == 200]
    # Each calendar begins and ends as one, so that those after another are read like one file.
    text = "\r\n".join(found for found in calendars if found).encode()
    download = Download(io.BytesIO(text or _EMPTY), "utf-8", Marks())
    try:
        found = await parse_within_limits(services, AGAIN, download, collection, user, now)
    except FeedFault as fault:
        if fault.retry_after is not None:
            raise TransientError(fault.message, retry_after=fault.retry_after) from None
        raise ServerRefused(f"“{collection.name}”: {fault.message}") from None
    return Events(collection, found, mark, answer.is_whole and found.complete)


def take_events(tx: Tx, events: Events, now: Instant) -> Counts:
    """Store them, and cancel those that are gone if the server has listed all.

    Raises Unprocessable if an event's fields break a rule of `POST /sync`.
    """
    found = replace(events.found, complete=events.is_whole)
    counts = store_changes(tx, events.collection, found, now)
    collection_store.record_read(
        tx,
        events.collection.id,
        mark=events.mark,
        events=len(found.events),
        warnings=found.warnings,
        now=now,
    )
    return counts
