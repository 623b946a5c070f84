"""Notes what becomes of tasks that are to-dos elsewhere, and syncs soon after."""

from buildos_box.calendars.caldav import store, todo_fields, todo_store
from buildos_box.calendars.caldav.job import queue_sync
from buildos_box.calendars.caldav.limits import DEBOUNCE
from buildos_box.calendars.caldav.todo_store import DELETED
from buildos_box.db import Tx
from buildos_box.services import Services
from buildos_box.workspace.changes import TaskChanged, TaskDeleted


def on_task_changed(tx: Tx, services: Services, change: TaskChanged) -> None:
    """Sync soon, if the task now holds what its to-do does not, or should have one."""
    if not todo_store.is_kept_elsewhere(tx, change.task.id, change.task.project_id):
        return  # hardly a task is, and a request may bring thousands: one look has to do
    todo = todo_store.of_task(tx, change.task.id)
    if todo is not None:
        here = todo_fields.of_task(change.task)
        if todo.here is None or todo_fields.differing(todo.here, here):
            _sync_soon(tx, services, todo.collection_id)
        return
    collection = todo_store.list_of_project(tx, change.task.project_id)
    if collection is not None:
        _sync_soon(tx, services, collection.id)


def on_task_deleted(tx: Tx, services: Services, change: TaskDeleted) -> None:
    """Note that the to-do is to be deleted too, and sync soon."""
    todo = todo_store.of_task(tx, change.task.id)
    if todo is not None:
        todo_store.set_state(tx, change.task.id, DELETED)
        _sync_soon(tx, services, todo.collection_id)


def _sync_soon(tx: Tx, services: Services, collection_id: str) -> None:
    collection = todo_store.collection(tx, collection_id)
    account = store.find(tx, collection.account_id) if collection else None
    if account is None or not account.is_active or account.is_stopped:
        return
    at = services.clock.now() + DEBOUNCE
    if account.failures:
        # Its server has asked for time, or needs it.
        at = max(at, account.next_sync_at)
    queue_sync(tx, services, account, at=at)
