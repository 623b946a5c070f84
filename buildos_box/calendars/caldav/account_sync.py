"""One sync of an account: what it has, the events of its calendars, and its to-dos."""

from buildos_box.calendars.caldav import collection_store
from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.dav_client import ServerRefused
from buildos_box.calendars.caldav.discovery import Found, list_collections
from buildos_box.calendars.caldav.event_sync import is_unread, read_events, take_events
from buildos_box.calendars.caldav.sync_context import Run
from buildos_box.calendars.caldav.todo_sync import sync_todos
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.workspace.sync import Counts


async def sync_account(run: Run) -> None:
    """Sync everything that was chosen; the first fault of one collection is raised at the end.

    Raises what Server's methods raise, LeaseLost, NotWanted.
    """
    listed = await list_collections(run.server, run.account.home)
    collections = await run.services.db.write(lambda tx: _note(tx, run, listed))
    marks = {found.url: found for found in listed}
    fault: ServerRefused | None = None
    for collection in collections:
        if collection.url not in marks:
            continue
        try:
            await _sync_events(run, collection, marks[collection.url].mark)
            await sync_todos(run, collection, marks[collection.url])
        except ServerRefused as error:
            fault = fault or error
    if fault is not None:
        raise fault


def _note(tx: Tx, run: Run, listed: list[Found]) -> list[Collection]:
    run.ensure_wanted(tx)
    now = run.services.clock.now()
    named = [(run.services.ids.new("collection", now), found) for found in listed]
    collection_store.note_listed(tx, run.account, named, reads_events=False)
    return collection_store.collections(tx, run.account.id)


async def _sync_events(run: Run, collection: Collection, mark: str) -> None:
    now = run.services.clock.now()
    if not collection.reads_events or not is_unread(collection, mark, now):
        return
    events = await read_events(run.services, run.server, collection, mark, run.user)

    def take(tx: Tx) -> Counts:
        run.ensure_wanted(tx)
        current = collection_store.find_collection(tx, run.account.id, collection.id)
        if current is None or not current.reads_events:
            return Counts()
        return take_events(tx, events, now)

    try:
        counts = await run.services.db.write(take)
    except Unprocessable as error:
        raise ServerRefused(
            f"“{collection.name}” has an impossible value: {error.message}"[:500]
        ) from None
    run.done.events_created += counts.created
    run.done.events_updated += counts.updated
