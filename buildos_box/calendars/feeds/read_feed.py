"""Fetches and parses a feed, both for the job and for a feed that is being added."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from buildos_box.auth import daily_limits
from buildos_box.calendars.credentials import FEEDS, OTHER_KEY, open_password
from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.fetch import SECONDS, Download, FeedFault, Login, Marks, fetch
from buildos_box.calendars.feeds.limits import READ_AGAIN, due_after_success
from buildos_box.calendars.feeds.store import Feed
from buildos_box.calendars.feeds.store_events import Source, read, store_changes
from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.clock import Instant, is_zone
from buildos_box.db import Tx
from buildos_box.errors import Malformed, TooLarge
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import User
from buildos_box.workspace.sync import Counts

if TYPE_CHECKING:
    from buildos_box.calendars.ics.reader import CalendarImport

T = TypeVar("T")
FIRST_SECONDS = min(SECONDS, 24.0)
"""Seconds for a request that adds a feed: clients give up after 30."""
AGAIN, _FIRST = ThreadPool("calendar-reading", 2), ThreadPool("calendar-first-reading", 2)
"""Large calendars that jobs read do not delay a request that adds one."""
_USAGE = "feed_cpu_seconds_per_day"
"""The key of the daily usage, counted in milliseconds."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A calendar that was fetched and parsed."""

    found: "CalendarImport"
    marks: Marks


def login_of(secret: bytes, feed: Feed) -> Login | None:
    """The feed's login; None if it has none.

    Raises FeedFault if the password cannot be decrypted with the current secret.key.
    """
    if feed.username is None or feed.sealed_password is None:
        return None
    password = open_password(secret, FEEDS, feed.id, feed.sealed_password)
    if password is None:
        raise FeedFault(OTHER_KEY)
    return Login(feed.username, password)


async def read_feed(services: Services, feed: Feed, user: User, now: Instant) -> Reading | None:
    """The feed's calendar; None if it has not changed since it was last read. Raises FeedFault."""
    is_fresh = feed.last_read_at is not None and now - feed.last_read_at < READ_AGAIN
    marks = Marks(feed.etag, feed.last_modified) if is_fresh else None
    login = login_of(services.secret, feed)
    download = await fetch(
        services.egress, feed.url, user_id=user.id, now=now, login=login, marks=marks
    )
    if download is None:
        return None
    return Reading(
        await parse_within_limits(services, AGAIN, download, feed, user, now), download.marks
    )


async def read_first(
    services: Services,
    feed: Feed,
    urls: tuple[str, ...],
    login: Login | None,
    user: User,
    now: Instant,
) -> tuple[Feed, Reading]:
    """The first of `urls` that has a calendar: the feed with that address, and the calendar.

    Raises FeedFault; with several addresses its message has the cause for each.
    """
    faults: dict[str, FeedFault] = {}
    for url in urls:
        tried = replace(feed, url=url)
        try:
            download = await fetch(
                services.egress,
                url,
                user_id=user.id,
                now=now,
                login=login,
                seconds=FIRST_SECONDS / len(urls),
            )
            assert download is not None
            found = await parse_within_limits(services, _FIRST, download, tried, user, now)
            return tried, Reading(found, download.marks)
        except FeedFault as fault:
            faults[url.partition(":")[0]] = fault
    if len(faults) == 1:
        raise next(iter(faults.values()))
    causes = "; ".join(f"by {scheme}: {fault.message}" for scheme, fault in faults.items())
    raise FeedFault(causes)


async def parse_within_limits(
    services: Services, pool: ThreadPool, download: Download, feed: Source, user: User, now: Instant
) -> "CalendarImport":
    """The parsed calendar, within the limits on processor time.

    Raises FeedFault, also if the user's calendars have used up their processor time of the day.
    """
    with download.file:
        return await within_processor_time(
            services, pool, user, now, lambda time: _parsed(download, feed, user, now, time)
        )


async def within_processor_time(
    services: Services,
    pool: ThreadPool,
    user: User,
    now: Instant,
    work: Callable[[ProcessorTime], T],
) -> T:
    """What `work` returns, done in a thread, its processor time counted towards the user's day.

    Raises FeedFault, also if the user's calendars have used up their processor time of the day.
    """
    limits = services.settings.limits
    spent = await services.db.write(lambda tx: daily_limits.spent(tx, user.id, _USAGE, now))
    left = limits.feed_cpu_seconds_per_day - spent / 1000
    if left <= 0:
        message = "reading this user's calendars has used up its processor time of today (UTC)"
        raise FeedFault(message, retry_after=daily_limits.next_day(now) - now)
    seconds = min(limits.feed_cpu_seconds, left)
    measured: tuple[T | FeedFault, float] = await pool.run(_measured, work, seconds)
    found, used = measured
    await services.db.write(lambda tx: _count(tx, user, used, now))
    if isinstance(found, FeedFault):
        raise found
    return found


def _count(tx: Tx, user: User, used: float, now: Instant) -> None:
    if workspace.find_user(tx, user.id) is not None:
        daily_limits.spend(tx, user.id, _USAGE, round(used * 1000), now)


def _measured(work: Callable[[ProcessorTime], T], seconds: float) -> tuple[T | FeedFault, float]:
    """What it returns or why it could not, and the seconds of processor time used."""
    processor_time = ProcessorTime(seconds)
    try:
        return work(processor_time), processor_time.used
    except FeedFault as fault:
        return fault, processor_time.used


def _parsed(
    download: Download, feed: Source, user: User, now: Instant, processor_time: ProcessorTime
) -> "CalendarImport":
    zone = user.timezone if is_zone(user.timezone) else "UTC"
    file = download.file
    try:
        found = read(file, download.charset, feed, user, zone, now, processor_time)
    except Malformed:
        file.seek(0)
        is_page = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        what = "that is a web page, not a calendar" if is_page else "that is not a calendar"
        raise FeedFault(what) from None
    except TooLarge as error:
        raise FeedFault(error.message) from error
    if not found.whole:
        raise FeedFault("the calendar ends in the middle")
    return found


def take_reading(tx: Tx, feed: Feed, reading: Reading, now: Instant) -> Counts:
    """Store the calendar's events and the feed's new state; the counts of changed events.

    Raises Unprocessable if an event's fields break a rule of `POST /sync`.
    """
    feed_store.succeeded(tx, feed.id, now, due_after_success(now))
    counts = store_changes(tx, feed, reading.found, now)
    feed_store.record_read(
        tx,
        feed.id,
        etag=reading.marks.etag,
        last_modified=reading.marks.last_modified,
        events=len(reading.found.events),
        warnings=reading.found.warnings,
        now=now,
    )
    return counts
