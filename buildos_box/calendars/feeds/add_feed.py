"""Adding a calendar feed or changing its address or password: the calendar is read first."""

from dataclasses import replace
from urllib.parse import urlsplit

from buildos_box.calendars.credentials import FEEDS, seal_password
from buildos_box.calendars.feeds import store as feed_store
from buildos_box.calendars.feeds.address import Address, origin, read_address
from buildos_box.calendars.feeds.fetch import FeedFault, Login
from buildos_box.calendars.feeds.limits import MAX_FEEDS
from buildos_box.calendars.feeds.read_feed import Reading, login_of, read_first, take_reading
from buildos_box.calendars.feeds.store import Feed
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.egress import AddressRefused
from buildos_box.errors import Conflict, TransientError, Unprocessable
from buildos_box.services import Services
from buildos_box.workspace.fields import text
from buildos_box.workspace.model import User

_read_name = text(200, empty=False)
_read_username = text(200)
_read_password = text(500)


def checked_name(given: str) -> str:
    """A feed's name, checked. Raises Unprocessable."""
    try:
        return str(_read_name(given))
    except ValueError as error:
        raise Unprocessable.field("name", str(error)) from None


def checked_address(given: str) -> Address:
    """An address as users copy it.

    Raises Unprocessable, whose text contains no more than its host.
    """
    try:
        return read_address(given)
    except ValueError as error:
        raise Unprocessable.field("url", str(error)) from None


def checked_login(username: str | None, password: str | None) -> Login | None:
    """The login, None without a user name. Raises Unprocessable with the field."""
    if not username:
        if password:
            raise Unprocessable.field("username", "is needed with a password")
        return None
    for field, read, given in (
        ("username", _read_username, username),
        ("password", _read_password, password or ""),
    ):
        try:
            if not given.isprintable():
                raise ValueError("must be one line of printable characters")
            read(given)
        except ValueError as error:
            raise Unprocessable.field(field, str(error)) from None
    if ":" in username:
        raise Unprocessable.field("username", "must not have a colon")
    return Login(username, password or "")


async def add_feed(
    services: Services, user: User, address: Address, name: str | None, login: Login | None
) -> str:
    """Read the calendar and store the feed; its id, or that of the user's feed with that address.

    Without `name` it gets the calendar's own, or else its server's. Raises Unprocessable if it
    cannot be read, Conflict if the user has too many feeds, RateLimited if the user reads too many
    at once.
    """
    known = await feed_store.with_any_url(services.db, user.id, address.urls)
    if known is not None:
        return known
    if await feed_store.count_of(services.db, user.id) >= MAX_FEEDS:
        raise _too_many(user)
    now = services.clock.now()
    feed_id = services.ids.new("feed", now)
    feed, reading = await _read(
        services, _new(services, feed_id, user, login), address, login, user, now
    )
    host = urlsplit(feed.url).hostname or ""
    feed = replace(feed, name=name or reading.found.name or host)

    def run(tx: Tx) -> str:
        found = feed_store.with_url(tx, user.id, feed.url)
        if found is not None:
            return found
        if feed_store.count(tx, user.id) >= MAX_FEEDS:
            raise _too_many(user)
        feed_store.add(tx, feed, now)
        _take(tx, feed, reading, now)
        return feed.id

    return await services.db.write(run)


def _new(services: Services, feed_id: str, user: User, login: Login | None) -> Feed:
    return Feed(
        id=feed_id,
        user_id=user.id,
        name="",
        url="",
        is_active=True,
        username=login.username if login else None,
        sealed_password=_sealed(services, feed_id, login),
        etag=None,
        last_modified=None,
        failures=0,
        last_read_at=None,
    )


def _sealed(services: Services, feed_id: str, login: Login | None) -> str | None:
    return seal_password(services.secret, FEEDS, feed_id, login.password) if login else None


def _too_many(user: User) -> Conflict:
    return Conflict(f"{user.id} has {MAX_FEEDS} calendar feeds already")


async def move_feed(
    services: Services, user: User, feed: Feed, address: Address | None, login: Login | None
) -> tuple[Feed, Reading]:
    """Read the calendar with another address, login or both; the changed feed and what was read.

    Nothing is stored yet. Without `login` the old one is kept only for the same server. Raises
    Unprocessable if the calendar cannot be read or the old password cannot be decrypted,
    RateLimited.
    """
    now = services.clock.now()
    target = address or Address((feed.url,))
    if login is None and origin(target.urls[0]) == origin(feed.url):
        try:
            login = login_of(services.secret, feed)
        except FeedFault as fault:
            raise Unprocessable.field("password", fault.message) from None
    feed = replace(
        feed,
        username=login.username if login else None,
        sealed_password=_sealed(services, feed.id, login),
    )
    return await _read(services, feed, target, login, user, now)


async def _read(
    services: Services, feed: Feed, address: Address, login: Login | None, user: User, now: Instant
) -> tuple[Feed, Reading]:
    # The unencrypted address is tried only when no password is sent.
    urls = address.urls[:1] if login else address.urls
    try:
        await services.egress.check(urls[0], user_id=user.id)
        return await read_first(services, feed, urls, login, user, now)
    except (AddressRefused, TransientError, FeedFault) as error:
        raise Unprocessable.field("url", error.message) from None


def _take(tx: Tx, feed: Feed, reading: Reading, now: Instant) -> None:
    try:
        take_reading(tx, feed, reading, now)
    except Unprocessable as error:
        said = f"the calendar has an impossible value: {error.message}"[:500]
        raise Unprocessable.field("url", said) from None


def put_moved(tx: Tx, feed: Feed, reading: Reading, now: Instant) -> None:
    """Store a feed's new address or login, and what was read with it.

    Raises Conflict if the user has that address already, Unprocessable if an event's fields break a
    rule of `POST /sync`.
    """
    if feed_store.with_url(tx, feed.user_id, feed.url) not in (None, feed.id):
        raise Conflict("the user has a feed with that address already")
    feed_store.change(tx, feed, now)
    _take(tx, feed, reading, now)
