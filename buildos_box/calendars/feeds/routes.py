"""The routes of calendar feeds; a feed's address is never shown in full.

The rules: docs/spec.md#calendar-feeds.
"""

from dataclasses import replace
from typing import Any

import msgspec
from litestar import delete, get, patch, post

from buildos_box.auth import daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.add_feed import (
    add_feed,
    checked_address,
    checked_login,
    checked_name,
    move_feed,
    put_moved,
)
from buildos_box.calendars.feeds.address import Address
from buildos_box.calendars.feeds.fetch import Login
from buildos_box.calendars.feeds.job import feed_key, queue_sync
from buildos_box.calendars.feeds.read_feed import Reading
from buildos_box.calendars.feeds.store import Feed
from buildos_box.calendars.feeds.store_events import delete_feed_and_events
from buildos_box.db import Row, Tx
from buildos_box.errors import Conflict, NotFound
from buildos_box.services import Services
from buildos_box.url_masking import masked_url
from buildos_box.workspace import crud, store
from buildos_box.workspace.item_types import USERS
from buildos_box.workspace.model import User
from buildos_box.workspace.paging import Limit, decode_cursor, page
from buildos_box.workspace.views import Page


class FeedView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscribed calendar. `url` is masked; `failures` counts those in a row, `error` is the
    last.
    """

    id: str
    user_id: str
    name: str
    url: str
    username: str | None
    has_password: bool
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
        values = {name: row[name] for name in cls.__struct_fields__ if name in row.keys()}  # noqa: SIM118
        values |= {
            "url": masked_url(row["url"]),
            "has_password": row["sealed_password"] is not None,
            "is_active": bool(row["is_active"]),
            "status": _status(row),
            "warnings": msgspec.json.decode(row["warnings"]),
            "next_sync_at": row["next_sync_at"] if row["is_active"] else None,
        }
        return cls(**values)


def _status(row: Row) -> str:
    if not row["is_active"]:
        return "paused"
    if row["failures"]:
        return "failing"
    return "ok" if row["last_success_at"] else "new"


class NewFeed(msgspec.Struct, frozen=True):
    """The address of an `.ics` file, `https:` or `webcal:`, and the feed's name.

    Without `name` it gets the calendar's own. `username` and `password` are for servers that ask
    for them; a password is stored encrypted and never shown.
    """

    url: str
    name: str | None = None
    username: str | None = None
    password: str | None = None


class FeedChange(msgspec.Struct, frozen=True, rename="camel"):
    """The fields to change. An empty `username` removes the password too.

    An address on another server removes both, unless they are given again.
    """

    url: str | None = None
    name: str | None = None
    is_active: bool | None = None
    username: str | None = None
    password: str | None = None


class FeedSync(msgspec.Struct, frozen=True, rename="camel"):
    """The job that reads the feed."""

    success: bool
    job_id: str


async def _mine(services: Services, caller: Caller, user_id: str, feed_id: str) -> Row:
    await crud.visible(services, caller, USERS, user_id)
    row = await feed_store.row_of(services.db, user_id, feed_id)
    if row is None:
        raise NotFound(f"there is no calendar feed {feed_id}")
    return row


@get("/users/{user_id:str}/calendar-feeds", tags=["Calendar"])
async def list_feeds(
    user_id: str, services: Services, caller: Caller, cursor: str | None = None, limit: Limit = 50
) -> Page[FeedView]:
    """A user's subscribed calendars, newest first. Raises Forbidden, NotFound, Unprocessable."""
    await crud.visible(services, caller, USERS, user_id)
    before = decode_cursor(cursor)
    rows = await feed_store.page(services.db, user_id, before=before, limit=limit + 1)
    return page(rows, limit, FeedView.of)


@post("/users/{user_id:str}/calendar-feeds", tags=["Calendar"])
async def create_feed(user_id: str, data: NewFeed, services: Services, caller: Caller) -> FeedView:
    """Subscribe to a calendar after reading it; the same address again changes nothing.

    Raises Forbidden, NotFound, Unprocessable (with the field: the address, the login, the name, or
    a calendar that cannot be read), Conflict if the user has too many feeds, RateLimited.
    """
    await crud.visible(services, caller, USERS, user_id)
    address = checked_address(data.url)
    login = _login(data.username, data.password, address)
    name = checked_name(data.name) if data.name is not None else None
    await _count_read(services, caller, user_id)
    feed_id = await add_feed(services, await _user(services, user_id), address, name, login)
    return FeedView.of(await _mine(services, caller, user_id, feed_id))


async def _count_read(services: Services, caller: Caller, user_id: str) -> None:
    """Count one read towards the user's day. Raises RateLimited."""
    await services.db.write(
        lambda tx: daily_limits.take(tx, services, caller, user_id, "jobs_per_day")
    )


async def _user(services: Services, user_id: str) -> User:
    user = await store.get_user(services.db, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user


def _login(
    username: str | None, password: str | None, address: Address | None = None
) -> Login | None:
    """The login from the fields, or else from the address itself. Raises Unprocessable."""
    if username is None and address is not None:
        username = address.username
        password = password if password is not None else address.password
    return checked_login(username, password)


def _read_now(tx: Tx, services: Services, feed_id: str, caller: Caller) -> str:
    feed = feed_store.find(tx, feed_id)
    if feed is None:
        raise NotFound(f"there is no calendar feed {feed_id}")
    daily_limits.take(tx, services, caller, feed.user_id, "jobs_per_day")
    return queue_sync(tx, services, feed, at=services.clock.now(), actor=caller.actor).job_id


@get("/users/{user_id:str}/calendar-feeds/{feed_id:str}", tags=["Calendar"])
async def get_feed(user_id: str, feed_id: str, services: Services, caller: Caller) -> FeedView:
    """One subscribed calendar. Raises Forbidden, NotFound."""
    return FeedView.of(await _mine(services, caller, user_id, feed_id))


@patch("/users/{user_id:str}/calendar-feeds/{feed_id:str}", tags=["Calendar"])
async def change_feed(
    user_id: str, feed_id: str, data: FeedChange, services: Services, caller: Caller
) -> FeedView:
    """Rename it, pause or resume it, or change its address, user name or password.

    With a new address or password it is read first, and nothing changes if that fails. Raises
    Forbidden, NotFound, Unprocessable, Conflict if the user has that address already, RateLimited.
    """
    feed = Feed.of(await _mine(services, caller, user_id, feed_id))
    now = services.clock.now()
    reading: Reading | None = None
    resumes = data.is_active is True and not feed.is_active
    changed = replace(
        feed,
        name=checked_name(data.name) if data.name is not None else feed.name,
        is_active=feed.is_active if data.is_active is None else data.is_active,
    )
    address = checked_address(data.url) if data.url is not None else None
    if data.username == "":
        changed = replace(changed, username=None, sealed_password=None)
    if address is not None or data.username is not None or data.password is not None:
        username = data.username
        if username is None and data.password is not None:
            username = feed.username
        login = _login(username, data.password, address)
        user = await _user(services, user_id)
        await _count_read(services, caller, user_id)
        changed, reading = await move_feed(services, user, changed, address, login)

    def run(tx: Tx) -> None:
        if reading is not None:
            put_moved(tx, changed, reading, now)
        else:
            feed_store.change(tx, changed, now)
        if not changed.is_active:
            services.queue.cancel_by_key(tx, feed_key(feed_id), reason="paused", actor=caller.actor)
        elif resumes and reading is None:
            _read_now(tx, services, feed_id, caller)

    await services.db.write(run)
    return FeedView.of(await _mine(services, caller, user_id, feed_id))


@delete("/users/{user_id:str}/calendar-feeds/{feed_id:str}", tags=["Calendar"])
async def delete_feed(user_id: str, feed_id: str, services: Services, caller: Caller) -> None:
    """Delete the feed with its events. Raises Forbidden, NotFound."""
    feed = Feed.of(await _mine(services, caller, user_id, feed_id))
    now = services.clock.now()

    def run(tx: Tx) -> None:
        services.queue.cancel_by_key(
            tx, feed_key(feed_id), reason="unsubscribed", actor=caller.actor
        )
        delete_feed_and_events(tx, feed, now)

    await services.db.write(run)


@post("/users/{user_id:str}/calendar-feeds/{feed_id:str}/sync", status_code=200, tags=["Calendar"])
async def sync_feed(user_id: str, feed_id: str, services: Services, caller: Caller) -> FeedSync:
    """Read the feed now. Raises Forbidden, NotFound, Conflict if it is paused, RateLimited."""
    row = await _mine(services, caller, user_id, feed_id)
    if not row["is_active"]:
        raise Conflict("this calendar feed is paused")
    job_id = await services.db.write(lambda tx: _read_now(tx, services, feed_id, caller))
    return FeedSync(True, job_id)


ROUTES: list[Any] = [list_feeds, create_feed, get_feed, change_feed, delete_feed, sync_feed]
