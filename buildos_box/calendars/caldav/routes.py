"""The routes of CalDAV accounts; no answer contains a password.

The rules: docs/spec.md#caldav.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from litestar import delete, get, patch, post

from buildos_box.auth import daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.calendars.caldav import collection_store, store
from buildos_box.calendars.caldav.account_settings import choose, remove_account
from buildos_box.calendars.caldav.add_account import add_account, needed_login, with_password
from buildos_box.calendars.caldav.job import account_key, queue_sync
from buildos_box.calendars.caldav.store import Account
from buildos_box.calendars.caldav.views import (
    AccountChange,
    AccountSync,
    AccountView,
    CollectionChange,
    NewAccount,
)
from buildos_box.calendars.feeds.add_feed import checked_address, checked_name
from buildos_box.db import Row, Tx
from buildos_box.errors import Conflict, NotFound, Unprocessable
from buildos_box.services import Services
from buildos_box.workspace import crud
from buildos_box.workspace import store as workspace
from buildos_box.workspace.item_types import USERS
from buildos_box.workspace.model import User
from buildos_box.workspace.paging import Limit, decode_cursor, page
from buildos_box.workspace.views import Page

_PATH = "/users/{user_id:str}/caldav-accounts"
_ONE = _PATH + "/{account_id:str}"


async def _mine(services: Services, caller: Caller, user_id: str, account_id: str) -> Row:
    await crud.visible(services, caller, USERS, user_id)
    row = await store.row_of(services.db, user_id, account_id)
    if row is None:
        raise NotFound(f"there is no CalDAV account {account_id}")
    return row


async def _view(services: Services, caller: Caller, user_id: str, account_id: str) -> AccountView:
    row = await _mine(services, caller, user_id, account_id)
    return AccountView.of(row, await collection_store.collection_rows(services.db, [account_id]))


async def _user(services: Services, user_id: str) -> User:
    user = await workspace.get_user(services.db, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user


async def _count_request(services: Services, caller: Caller, user_id: str) -> None:
    """Count one request for work towards the user's day. Raises RateLimited."""
    await services.db.write(
        lambda tx: daily_limits.take(tx, services, caller, user_id, "jobs_per_day")
    )


def _sync_now(tx: Tx, services: Services, account_id: str, caller: Caller) -> str:
    account = store.find(tx, account_id)
    if account is None:
        raise NotFound(f"there is no CalDAV account {account_id}")
    daily_limits.take(tx, services, caller, account.user_id, "jobs_per_day")
    return queue_sync(tx, services, account, at=services.clock.now(), actor=caller.actor).job_id


@get(_PATH, tags=["Calendar"])
async def list_accounts(
    user_id: str, services: Services, caller: Caller, cursor: str | None = None, limit: Limit = 50
) -> Page[AccountView]:
    """A user's CalDAV accounts, newest first. Raises Forbidden, NotFound, Unprocessable."""
    await crud.visible(services, caller, USERS, user_id)
    rows = await store.page(services.db, user_id, before=decode_cursor(cursor), limit=limit + 1)
    inside = await collection_store.collection_rows(services.db, [row["id"] for row in rows])
    return page(rows, limit, lambda row: AccountView.of(row, inside))


@post(_PATH, tags=["Calendar"])
async def create_account(
    user_id: str, data: NewAccount, services: Services, caller: Caller
) -> AccountView:
    """Add an account after asking its server for its calendars, whose events are read from then on.

    The same account again changes nothing. Raises Forbidden, NotFound, Unprocessable (with the
    field), Conflict if the user has too many accounts, RateLimited.
    """
    await crud.visible(services, caller, USERS, user_id)
    address = checked_address(data.url)
    if urlsplit(address.urls[0]).query:
        raise Unprocessable.field("url", "must have no part after a question mark")
    login = needed_login(
        data.username or address.username,
        data.password if data.password is not None else address.password,
    )
    name = checked_name(data.name) if data.name is not None else None
    await _count_request(services, caller, user_id)
    user = await _user(services, user_id)
    account_id = await add_account(services, user, address.urls[0], name, login)
    await services.db.write(lambda tx: _queue_first(tx, services, account_id, caller))
    return await _view(services, caller, user_id, account_id)


def _queue_first(tx: Tx, services: Services, account_id: str, caller: Caller) -> None:
    account = store.find(tx, account_id)
    if account is not None and account.is_active and not account.is_stopped:
        queue_sync(tx, services, account, at=services.clock.now(), actor=caller.actor)


@get(_ONE, tags=["Calendar"])
async def get_account(
    user_id: str, account_id: str, services: Services, caller: Caller
) -> AccountView:
    """One CalDAV account with its collections. Raises Forbidden, NotFound."""
    return await _view(services, caller, user_id, account_id)


@patch(_ONE, tags=["Calendar"])
async def change_account(
    user_id: str, account_id: str, data: AccountChange, services: Services, caller: Caller
) -> AccountView:
    """Rename it, pause or resume it, or give it another password, which is tried first.

    Raises Forbidden, NotFound, Unprocessable, RateLimited.
    """
    account = Account.of(await _mine(services, caller, user_id, account_id))
    changed = replace(
        account,
        name=checked_name(data.name) if data.name is not None else account.name,
        is_active=account.is_active if data.is_active is None else data.is_active,
    )
    starts = changed.is_active and not account.is_active
    if data.password is not None:
        login = needed_login(account.username, data.password)
        await _count_request(services, caller, user_id)
        user = await _user(services, user_id)
        changed = await with_password(services, user, changed, login)
        starts = changed.is_active
    now = services.clock.now()

    def run(tx: Tx) -> None:
        if data.password is None and data.is_active is None:
            store.rename(tx, account_id, changed.name, now)
            return
        store.change(tx, changed, now)
        if not changed.is_active:
            key = account_key(account_id)
            services.queue.cancel_by_key(tx, key, reason="paused", actor=caller.actor)
        elif starts:
            _queue_first(tx, services, account_id, caller)

    await services.db.write(run)
    return await _view(services, caller, user_id, account_id)


@patch(_ONE + "/collections/{collection_id:str}", tags=["Calendar"])
async def change_collection(
    user_id: str,
    account_id: str,
    collection_id: str,
    data: CollectionChange,
    services: Services,
    caller: Caller,
) -> AccountView:
    """Choose what is synced of a calendar or task list. Raises Forbidden, NotFound, Unprocessable,
    RateLimited.
    """
    await _mine(services, caller, user_id, account_id)
    now = services.clock.now()

    def run(tx: Tx) -> None:
        collection = collection_store.find_collection(tx, account_id, collection_id)
        if collection is None:
            raise NotFound(f"there is no collection {collection_id} in that account")
        daily_limits.take(tx, services, caller, user_id, "jobs_per_day")
        choose(tx, collection, data, now)
        _queue_first(tx, services, account_id, caller)

    await services.db.write(run)
    return await _view(services, caller, user_id, account_id)


@delete(_ONE, tags=["Calendar"])
async def delete_account(user_id: str, account_id: str, services: Services, caller: Caller) -> None:
    """Delete the account and its events here; tasks stay, and nothing changes at the server.

    Raises Forbidden, NotFound.
    """
    await _mine(services, caller, user_id, account_id)
    now = services.clock.now()

    def run(tx: Tx) -> None:
        key = account_key(account_id)
        services.queue.cancel_by_key(tx, key, reason="removed", actor=caller.actor)
        remove_account(tx, account_id, now)

    await services.db.write(run)


@post(_ONE + "/sync", status_code=200, tags=["Calendar"])
async def sync_account(
    user_id: str, account_id: str, services: Services, caller: Caller
) -> AccountSync:
    """Sync the account now. Raises Forbidden, NotFound, Conflict if it is paused or stopped,
    RateLimited.
    """
    row = await _mine(services, caller, user_id, account_id)
    if not row["is_active"]:
        raise Conflict("this CalDAV account is paused")
    if row["is_stopped"]:
        raise Conflict("this CalDAV account is stopped until its password is given anew")
    job_id = await services.db.write(lambda tx: _sync_now(tx, services, account_id, caller))
    return AccountSync(True, job_id)


ROUTES: list[Any] = [
    list_accounts,
    create_account,
    get_account,
    change_account,
    change_collection,
    delete_account,
    sync_account,
]
