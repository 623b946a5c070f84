"""Writes a calendar that was read into the user's events, in one transaction.

It uses the same writing as every other change of an event, so that moved and cancelled events are
announced and reminders follow them.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Protocol

from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.limits import AHEAD, BACK, MAX_EVENTS
from buildos_box.calendars.feeds.store import Feed
from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.calendars.ics.stable_id import stable_id
from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.workspace import store as workspace
from buildos_box.workspace.batch import Batch, read_sync
from buildos_box.workspace.model import User
from buildos_box.workspace.sync import Counts, apply

if TYPE_CHECKING:
    from buildos_box.calendars.ics.reader import CalendarImport

CANCELLED = "cancelled"
MAX_WARNINGS = 20


class Source(Protocol):
    """Where events come from: a feed, or a calendar of a CalDAV account."""

    @property
    def id(self) -> str:
        """What its events' ids are made from, and are found by."""

    @property
    def user_id(self) -> str:
        """Whose events they are."""


def read(
    source: BinaryIO,
    charset: str | None,
    feed: Source,
    user: User,
    zone: str,
    now: Instant,
    processor_time: ProcessorTime,
) -> "CalendarImport":
    """The calendar's events in the span that is stored; slow, so it runs in a thread.

    Event ids are made from the feed's id, so that one meeting in two calendars is two events.
    Raises Malformed, TooLarge.
    """
    # Imported here because most servers have no calendar feed and icalendar is slow to load.
    from buildos_box.calendars.ics.reader import Reader, last_moment, parse_calendar

    reader = Reader(
        user_id=user.id,
        project_id=None,
        zone=zone,
        window_start=now - BACK,
        window_end=now + AHEAD,
        now=now,
        email=user.email,
        charset=charset,
        processor_time=processor_time,
    )
    found = parse_calendar(source, reader)
    events = [{**event, "id": stable_id(feed.id, event["id"])} for event in found.events]
    warnings, complete = found.warnings[:MAX_WARNINGS], found.complete
    if len(events) > MAX_EVENTS:
        today = to_text(now)
        ahead = [
            event for event in events if last_moment(event) >= today[: len(last_moment(event))]
        ]
        events, complete = ahead[:MAX_EVENTS], False
        warnings = [f"only the next {MAX_EVENTS:,} events were taken", *warnings]
    return replace(found, events=events, warnings=warnings, complete=complete)


def store_changes(tx: Tx, feed: Source, found: "CalendarImport", now: Instant) -> Counts:
    """Store new and changed events, cancel those that are gone, delete those long over; the counts.

    If the calendar was not read to its end, no event counts as gone. Raises Unprocessable if an
    event's fields break a rule of `POST /sync`.
    """
    ids = {event["id"] for event in found.events}
    before = workspace.events_of_feed(tx, feed.id)
    events = list(found.events)
    if found.complete:
        events += [
            {"id": row["id"], "status": CANCELLED}
            for row in before
            if row["id"] not in ids
            and row["status"] != CANCELLED
            and not _is_over(row["ends"], now)
        ]
    batch = read_sync({"events": events})
    over = to_text(now - 2 * BACK)
    forgotten = {row["id"]: "id" for row in before if row["id"] not in ids and row["ends"] < over}
    if forgotten:
        batch.deletes["events"] = forgotten
    counts = apply(tx, batch, now, only_user=feed.user_id).get("events", Counts())
    workspace.mark_as_of_feed(tx, feed.id, ids)
    return counts


def _is_over(ends: str, now: Instant) -> bool:
    """Whether it ended before now; `ends` is an instant, or the day after an all-day event."""
    return ends <= to_text(now)[: len(ends)]


def delete_feed_and_events(tx: Tx, feed: Feed, now: Instant) -> None:
    """Delete the feed and its events; their reminders are cancelled with them."""
    delete_feed_events(tx, feed, now)
    feed_store.delete(tx, feed.id)


def delete_feed_events(tx: Tx, feed: Source, now: Instant) -> None:
    """Delete the events that came from there, and with them their reminders."""
    keys = {row["id"]: "id" for row in workspace.events_of_feed(tx, feed.id)}
    if keys:
        apply(tx, Batch(deletes={"events": keys}), now)
