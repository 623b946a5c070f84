"""Choosing what of an account is synced, and giving an account up."""

from buildos_box.calendars.caldav import collection_store, store, todo_store
from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.limits import MAX_LISTS
from buildos_box.calendars.caldav.views import CollectionChange
from buildos_box.calendars.feeds.store_events import delete_feed_events
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.workspace import store as workspace


def choose(tx: Tx, collection: Collection, wanted: CollectionChange, now: Instant) -> None:
    """Store what was chosen; events that are no longer wanted are deleted. Raises Unprocessable."""
    if wanted.reads_events is not None and wanted.reads_events != collection.reads_events:
        if wanted.reads_events and not collection.has_events:
            raise Unprocessable.field("readsEvents", "this list has no events")
        collection_store.set_reads_events(tx, collection.id, reads=wanted.reads_events)
        if not wanted.reads_events:
            delete_feed_events(tx, collection, now)
    if wanted.project_id is not None and (wanted.project_id or None) != collection.project_id:
        _choose_project(tx, collection, wanted.project_id or None)


def _choose_project(tx: Tx, collection: Collection, project_id: str | None) -> None:
    if project_id is not None:
        project = workspace.find_project(tx, project_id)
        if project is None or project.user_id != collection.user_id:
            raise Unprocessable.field("projectId", f"there is no project {project_id!r}")
        if not collection.has_todos:
            raise Unprocessable.field("projectId", "this calendar has no to-dos")
        if todo_store.list_of_project(tx, project_id) is not None:
            raise Unprocessable.field("projectId", "its tasks are to-dos of another list already")
        if todo_store.count_lists(tx, collection.user_id) >= MAX_LISTS:
            raise Unprocessable.field("projectId", f"{MAX_LISTS} lists are synced already")
    todo_store.drop_all(tx, collection.id)
    todo_store.set_project(tx, collection.id, project_id)


def remove_account(tx: Tx, account_id: str, now: Instant) -> None:
    """Delete the account with its events; nothing changes at the server."""
    for collection in collection_store.collections(tx, account_id):
        delete_feed_events(tx, collection, now)
    store.delete(tx, account_id)
