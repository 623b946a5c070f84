"""The job that reads one calendar feed.

A calendar that cannot be read does not fail the job: the feed's row has the error, and the cron
tries again later, after longer and longer delays. The rules: docs/spec.md#calendar-feeds.
"""

from datetime import timedelta

import msgspec

from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.fetch import FeedFault
from buildos_box.calendars.feeds.limits import (
    ALARMING_FAILURES,
    due_after_failure,
    due_after_success,
)
from buildos_box.calendars.feeds.read_feed import Reading, read_feed, take_reading
from buildos_box.calendars.feeds.store import Feed
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import Enqueued, JobType, Payload
from buildos_box.services import Services
from buildos_box.workspace import store
from buildos_box.workspace.changes import CalendarSyncFailed


class FeedPayload(Payload, frozen=True, kw_only=True):
    """The feed; its address stays in its row."""

    user_id: str
    feed_id: str


class FeedResult(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The outcome: `read`, `unchanged`, `failed`, or `gone` if the feed was deleted or paused."""

    feed_id: str
    status: str
    created: int = 0
    updated: int = 0
    error: str | None = None


def feed_key(feed_id: str) -> str:
    """The dedup key that allows one live job per feed."""
    return f"calendar-feed-{feed_id}"


async def sync_calendar_feed(job: Attempt[FeedPayload], services: Services) -> FeedResult:
    """Read the feed and store what has changed.

    Failures of the calendar or its server are stored in the feed's row and returned. Raises
    LeaseLost.
    """
    feed = await feed_store.get(services.db, job.payload.feed_id)
    user = await store.get_user(services.db, feed.user_id) if feed else None
    if feed is None or user is None or not feed.is_active:
        return FeedResult(job.payload.feed_id, "gone")
    now = services.clock.now()
    try:
        reading = await read_feed(services, feed, user, now)
    except FeedFault as fault:
        failure = fault
        return await services.db.write(lambda tx: _failed(tx, job, services, feed, failure))
    try:
        return await services.db.write(lambda tx: _succeeded(tx, job, services, feed, reading))
    except Unprocessable as error:
        refused = FeedFault(f"the calendar has an impossible value: {error.message}"[:500])
        return await services.db.write(lambda tx: _failed(tx, job, services, feed, refused))


def _still_wanted(tx: Tx, job: Attempt[FeedPayload], feed: Feed) -> Feed | None:
    """The feed, or None if it was deleted, paused or given another address or password meanwhile.

    Raises LeaseLost.
    """
    job.ensure_lease(tx)
    now = feed_store.find(tx, feed.id)
    if now is None or not now.is_active or now.url != feed.url:
        return None
    return now if now.sealed_password == feed.sealed_password else None


def _succeeded(
    tx: Tx, job: Attempt[FeedPayload], services: Services, feed: Feed, reading: Reading | None
) -> FeedResult:
    if _still_wanted(tx, job, feed) is None:
        return FeedResult(feed.id, "gone")
    now = services.clock.now()
    if reading is None:
        feed_store.succeeded(tx, feed.id, now, due_after_success(now))
        return FeedResult(feed.id, "unchanged")
    counts = take_reading(tx, feed, reading, now)
    return FeedResult(feed.id, "read", created=counts.created, updated=counts.updated)


def _failed(
    tx: Tx, job: Attempt[FeedPayload], services: Services, feed: Feed, fault: FeedFault
) -> FeedResult:
    current = _still_wanted(tx, job, feed)
    if current is None:
        return FeedResult(feed.id, "gone")
    now, failures = services.clock.now(), current.failures + 1
    next_at = due_after_failure(now, failures, fault.retry_after)
    feed_store.failed(tx, feed.id, failures=failures, error=fault.message, now=now, next_at=next_at)
    if failures == ALARMING_FAILURES:
        tx.announce(
            CalendarSyncFailed(feed.user_id, feed.id, feed.name, fault.message, job.correlation_id)
        )
    return FeedResult(feed.id, "failed", error=fault.message)


SYNC_CALENDAR_FEED = JobType(
    name="sync_calendar_feed",
    payload=FeedPayload,
    run=sync_calendar_feed,
    timeout=timedelta(minutes=3),
    dedup_key=lambda payload: feed_key(payload.feed_id),
)


def queue_sync(
    tx: Tx, services: Services, feed: Feed, *, at: Instant | None = None, actor: str = "system"
) -> Enqueued:
    """Enqueue reading the feed at that time, by default now; a later waiting job
    is moved forward.
    """
    return services.queue.enqueue(
        tx,
        SYNC_CALENDAR_FEED,
        FeedPayload(user_id=feed.user_id, feed_id=feed.id),
        user_id=feed.user_id,
        scheduled_for=at,
        actor=actor,
    )
