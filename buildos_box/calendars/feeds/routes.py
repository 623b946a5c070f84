"""Calendar feeds over HTTP. A feed's address goes in and never comes out again.

The rules: docs/spec.md#calendar-feeds.
"""

from typing import Any

import msgspec
from litestar import delete, get, patch, post

from buildos_box.auth.caller import Caller
from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.apply import take_away
from buildos_box.calendars.feeds.job import feed_key, queue_sync
from buildos_box.calendars.feeds.rules import LONGEST_URL, MAX_FEEDS, cleaned_url, masked
from buildos_box.calendars.feeds.store import Feed
from buildos_box.db import Row, Tx
from buildos_box.egress import AddressRefused
from buildos_box.errors import Conflict, Impossible, NotFound, TransientError
from buildos_box.services import Services
from buildos_box.workspace import crud
from buildos_box.workspace.fields import text
from buildos_box.workspace.kinds import USERS
from buildos_box.workspace.paging import Limit, decode_cursor, page
from buildos_box.workspace.views import Page

_read_name = text(200, empty=False)


class FeedView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscribed calendar. `url` is masked; `failures` in a row, and what the last one was."""

    id: str
    user_id: str
    name: str
    url: str
    is_active: bool
    status: str
    """`new`, `ok`, `failing` or `paused`."""
    failures: int
    error: str | None
    event_count: int
    warnings: list[str]
    next_sync_at: str | None
    last_sync_at: str | None
    last_success_at: str | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: Row) -> "FeedView":
        """The view of one row."""
        told = {name: row[name] for name in cls.__struct_fields__ if name in row.keys()}  # noqa: SIM118
        told |= {
            "url": masked(row["url"]),
            "is_active": bool(row["is_active"]),
            "status": _status(row),
            "warnings": msgspec.json.decode(row["warnings"]),
            "next_sync_at": row["next_sync_at"] if row["is_active"] else None,
        }
        return cls(**told)


def _status(row: Row) -> str:
    if not row["is_active"]:
        return "paused"
    if row["failures"]:
        return "failing"
    return "ok" if row["last_success_at"] else "new"


class NewFeed(msgspec.Struct, frozen=True):
    """The address of an `.ics` file, `https:` or `webcal:`, and what to call it."""

    url: str
    name: str | None = None


class FeedChange(msgspec.Struct, frozen=True, rename="camel"):
    """What is to change."""

    url: str | None = None
    name: str | None = None
    is_active: bool | None = None


class FeedSync(msgspec.Struct, frozen=True, rename="camel"):
    """The job that reads the feed."""

    success: bool
    job_id: str


async def _checked(box: Services, user_id: str, given: str) -> str:
    """The address as it is fetched. Raises Impossible, which says no more of it than its host."""
    url = cleaned_url(given)
    if len(url) > LONGEST_URL:
        raise Impossible.field("url", f"must be at most {LONGEST_URL:,} characters")
    try:
        await box.egress.check(url, user_id=user_id)
    except (AddressRefused, TransientError) as error:
        raise Impossible.field("url", error.message) from None
    return url


def _named(given: str) -> str:
    try:
        return str(_read_name(given))
    except ValueError as error:
        raise Impossible.field("name", str(error)) from None


async def _mine(box: Services, caller: Caller, user_id: str, feed_id: str) -> Row:
    await crud.visible(box, caller, USERS, user_id)
    row = await feed_store.row_of(box.db, user_id, feed_id)
    if row is None:
        raise NotFound(f"no calendar feed {feed_id}")
    return row


@get("/users/{user_id:str}/calendar-feeds", tags=["Calendar"])
async def list_feeds(
    user_id: str, box: Services, caller: Caller, cursor: str | None = None, limit: Limit = 50
) -> Page[FeedView]:
    """A user's subscribed calendars, newest first."""
    await crud.visible(box, caller, USERS, user_id)
    before = decode_cursor(cursor)
    rows = await feed_store.page(box.db, user_id, before=before, limit=limit + 1)
    return page(rows, limit, FeedView.of)


@post("/users/{user_id:str}/calendar-feeds", tags=["Calendar"])
async def create_feed(user_id: str, data: NewFeed, box: Services, caller: Caller) -> FeedView:
    """Subscribe to a calendar; the same address again changes nothing. It is read at once."""
    await crud.visible(box, caller, USERS, user_id)
    url = await _checked(box, user_id, data.url)
    host = masked(url).partition("://")[2].partition("/")[0]
    name = _named(data.name) if data.name is not None else host
    now = box.clock.now()

    def run(tx: Tx) -> str:
        known = feed_store.with_url(tx, user_id, url)
        if known is not None:
            return known
        if feed_store.count(tx, user_id) >= MAX_FEEDS:
            raise Conflict(f"{user_id} has {MAX_FEEDS} calendar feeds already")
        feed_id = box.ids.new("feed", now)
        feed_store.add(tx, feed_id, user_id, name, url, now)
        _read_now(tx, box, feed_id, caller.actor)
        return feed_id

    feed_id = await box.db.write(run)
    return FeedView.of(await _mine(box, caller, user_id, feed_id))


def _read_now(tx: Tx, box: Services, feed_id: str, actor: str) -> str:
    feed = feed_store.find(tx, feed_id)
    if feed is None:
        raise NotFound(f"no calendar feed {feed_id}")
    return queue_sync(tx, box, feed, at=box.clock.now(), actor=actor).job_id


@get("/users/{user_id:str}/calendar-feeds/{feed_id:str}", tags=["Calendar"])
async def get_feed(user_id: str, feed_id: str, box: Services, caller: Caller) -> FeedView:
    """One subscribed calendar."""
    return FeedView.of(await _mine(box, caller, user_id, feed_id))


@patch("/users/{user_id:str}/calendar-feeds/{feed_id:str}", tags=["Calendar"])
async def change_feed(
    user_id: str, feed_id: str, data: FeedChange, box: Services, caller: Caller
) -> FeedView:
    """Rename it, pause it or go on with it, give it another address."""
    feed = Feed.of(await _mine(box, caller, user_id, feed_id))
    url = await _checked(box, user_id, data.url) if data.url is not None else feed.url
    name = _named(data.name) if data.name is not None else feed.name
    active = feed.is_active if data.is_active is None else data.is_active
    reads = active and (url != feed.url or not feed.is_active)
    now = box.clock.now()

    def run(tx: Tx) -> None:
        if feed_store.with_url(tx, user_id, url) not in (None, feed_id):
            raise Conflict("that calendar is subscribed to already")
        feed_store.change(tx, feed_id, name=name, url=url, is_active=active, now=now)
        if not active:
            box.queue.cancel_by_key(tx, feed_key(feed_id), reason="paused", actor=caller.actor)
        elif reads:
            _read_now(tx, box, feed_id, caller.actor)

    await box.db.write(run)
    return FeedView.of(await _mine(box, caller, user_id, feed_id))


@delete("/users/{user_id:str}/calendar-feeds/{feed_id:str}", tags=["Calendar"])
async def delete_feed(user_id: str, feed_id: str, box: Services, caller: Caller) -> None:
    """Give the calendar up; its events go with it."""
    feed = Feed.of(await _mine(box, caller, user_id, feed_id))
    now = box.clock.now()

    def run(tx: Tx) -> None:
        box.queue.cancel_by_key(tx, feed_key(feed_id), reason="unsubscribed", actor=caller.actor)
        take_away(tx, feed, now)

    await box.db.write(run)


@post("/users/{user_id:str}/calendar-feeds/{feed_id:str}/sync", status_code=200, tags=["Calendar"])
async def sync_feed(user_id: str, feed_id: str, box: Services, caller: Caller) -> FeedSync:
    """Read it now."""
    row = await _mine(box, caller, user_id, feed_id)
    if not row["is_active"]:
        raise Conflict("this calendar feed is paused")
    job_id = await box.db.write(lambda tx: _read_now(tx, box, feed_id, caller.actor))
    return FeedSync(True, job_id)


ROUTES: list[Any] = [list_feeds, create_feed, get_feed, change_feed, delete_feed, sync_feed]
