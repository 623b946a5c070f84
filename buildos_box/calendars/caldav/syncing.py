"""One sync of an account: what it has, and the events of its calendars."""

from dataclasses import dataclass
from typing import Any

from buildos_box.calendars.caldav import store
from buildos_box.calendars.caldav.discovery import Found, list_collections
from buildos_box.calendars.caldav.events import is_unread, read_events, take_events
from buildos_box.calendars.caldav.login import login_of
from buildos_box.calendars.caldav.server import Server, ServerRefused
from buildos_box.calendars.caldav.store import Account, Collection
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.jobs.attempt import Attempt
from buildos_box.services import Services
from buildos_box.workspace.model import User


class NotWanted(Exception):
    """The account was deleted, paused, stopped or given another password meanwhile."""


@dataclass(slots=True)
class Done:
    """What a sync has changed here and there."""

    events_created: int = 0
    events_updated: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the job for one account."""

    job: Attempt[Any]
    services: Services
    account: Account
    user: User
    server: Server
    done: Done

    def ensure_wanted(self, tx: Tx) -> None:
        """The first thing in every transaction of the run. Raises LeaseLost, NotWanted."""
        self.job.ensure_lease(tx)
        now = store.find(tx, self.account.id)
        if now is None or not now.is_active or now.is_stopped:
            raise NotWanted
        if now.sealed_password != self.account.sealed_password:
            raise NotWanted


def server_of(services: Services, account: Account) -> Server:
    """The account's server. Raises LoginRefused if its password cannot be decrypted."""
    login = login_of(services.secret, account)
    return Server(services.egress, services.clock, account.home.url, login, user_id=account.user_id)


async def sync_account(run: Run) -> None:
    """Sync everything that was chosen; the first fault of one collection is raised at the end.

    Raises what Server's methods raise, LeaseLost, NotWanted.
    """
    listed = await list_collections(run.server, run.account.home)
    collections = await run.services.db.write(lambda tx: _note(tx, run, listed))
    marks = {found.url: found.mark for found in listed}
    fault: ServerRefused | None = None
    for collection in collections:
        if collection.url not in marks:
            continue
        try:
            await _sync_events(run, collection, marks[collection.url])
        except ServerRefused as error:
            fault = fault or error
    if fault is not None:
        raise fault


def _note(tx: Tx, run: Run, listed: list[Found]) -> list[Collection]:
    run.ensure_wanted(tx)
    now = run.services.clock.now()
    named = [(run.services.ids.new("collection", now), found) for found in listed]
    store.note_listed(tx, run.account, named, reads_events=False)
    return store.collections(tx, run.account.id)


async def _sync_events(run: Run, collection: Collection, mark: str) -> None:
    now = run.services.clock.now()
    if not collection.reads_events or not is_unread(collection, mark, now):
        return
    events = await read_events(run.services, run.server, collection, mark, run.user)

    def take(tx: Tx) -> None:
        run.ensure_wanted(tx)
        current = store.find_collection(tx, run.account.id, collection.id)
        if current is None or not current.reads_events:
            return
        counts = take_events(tx, events, now)
        run.done.events_created += counts.created
        run.done.events_updated += counts.updated

    try:
        await run.services.db.write(take)
    except Unprocessable as error:
        raise ServerRefused(
            f"“{collection.name}” has an impossible value: {error.message}"[:500]
        ) from None
