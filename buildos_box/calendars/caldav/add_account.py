"""Adding a CalDAV account, or giving it another password: the server is asked first."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from buildos_box.calendars.caldav import collection_store, store
from buildos_box.calendars.caldav.dav_client import LoginRefused, Server
from buildos_box.calendars.caldav.discovery import Found, Home, find_home, list_collections
from buildos_box.calendars.caldav.limits import FIRST_SECONDS
from buildos_box.calendars.caldav.store import Account
from buildos_box.calendars.credentials import ACCOUNTS, seal_password
from buildos_box.calendars.feeds.add_feed import checked_login
from buildos_box.calendars.feeds.fetch import Login
from buildos_box.db import Tx
from buildos_box.errors import Conflict, PermanentError, TransientError, Unprocessable
from buildos_box.services import Services
from buildos_box.workspace.model import User


def needed_login(username: str | None, password: str | None) -> Login:
    """The login, checked; an account cannot be without one. Raises Unprocessable."""
    login = checked_login(username, password)
    if login is None:
        raise Unprocessable.field("username", "is required")
    if not login.password:
        raise Unprocessable.field("password", "is required")
    return login


async def add_account(
    services: Services, user: User, url: str, name: str | None, login: Login
) -> str:
    """Find the account's calendars and store it; its id, or that of the user's same account.

    The events of all its calendars are read from then on. Raises Unprocessable if it cannot be
    reached, Conflict if the user has too many accounts, RateLimited.
    """
    home, listed = await _asked(services, user, url, None, login)
    now = services.clock.now()
    account_id = services.ids.new("account", now)
    account = Account(
        id=account_id,
        user_id=user.id,
        name=name or urlsplit(url).hostname or "",
        url=url,
        home=home,
        username=login.username,
        sealed_password=seal_password(services.secret, ACCOUNTS, account_id, login.password),
        is_active=True,
        is_stopped=False,
        failures=0,
        next_sync_at=now,
    )
    named = [(services.ids.new("collection", now), found) for found in listed]

    def run(tx: Tx) -> str:
        known = store.find_same_login(tx, account)
        if known is not None:
            return known
        most = services.settings.limits.caldav_accounts_per_user
        if most and store.count(tx, user.id) >= most:
            raise Conflict(f"{user.id} has {most} CalDAV accounts already")
        store.add(tx, account, now)
        collection_store.note_listed(tx, account, named, reads_events=True)
        return account.id

    return await services.db.write(run)


async def with_password(services: Services, user: User, account: Account, login: Login) -> Account:
    """The account with another password, once the server has taken it. Raises as `add_account`."""
    await _asked(services, user, account.home.url, account.home, login)
    password = seal_password(services.secret, ACCOUNTS, account.id, login.password)
    return replace(account, sealed_password=password, is_stopped=False)


async def _asked(
    services: Services, user: User, url: str, home: Home | None, login: Login
) -> tuple[Home, list[Found]]:
    """Where the calendars are, and which. Raises Unprocessable with the field, RateLimited."""
    try:
        async with asyncio.timeout(FIRST_SECONDS):
            server = Server(services.egress, services.clock, url, login, user_id=user.id)
            found = home or await find_home(server, url)
            return found, await list_collections(server, found)
    except TimeoutError:
        message = f"the CalDAV server has not answered in {FIRST_SECONDS:g} s"
        raise Unprocessable.field("url", message) from None
    except LoginRefused as error:
        raise Unprocessable.field("password", error.message) from None
    except (PermanentError, TransientError) as error:
        raise Unprocessable.field("url", error.message) from None
