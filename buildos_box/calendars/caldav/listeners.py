"""Notes what becomes of tasks that are to-dos elsewhere, and syncs soon after."""

from buildos_box.calendars.caldav import store, todo_fields, todo_store
from buildos_box.calendars.caldav.job import queue_sync
from buildos_box.calendars.caldav.limits import DEBOUNCE
from buildos_box.calendars.caldav.todo_store import DELETED
from buildos_box.db import Tx
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import TaskDeleted, TaskSaved, TasksSaved


def on_tasks_saved(tx: Tx, services: Services, change: TasksSaved) -> None:
    """Sync soon, if a task now holds what its to-do does not, or should have one."""
    # Hardly a task is kept elsewhere, and a request may bring thousands: one look has to do.
    elsewhere = todo_store.kept_elsewhere(
        tx, [(saved.task_id, saved.project_id) for saved in change.tasks]
    )
    for saved in change.tasks:
        if saved.task_id in elsewhere:
            _on_task_saved(tx, services, saved)


def _on_task_saved(tx: Tx, services: Services, saved: TaskSaved) -> None:
    todo = todo_store.of_task(tx, saved.task_id)
    if todo is None:
        collection = todo_store.list_of_project(tx, saved.project_id)
        if collection is not None:
            _sync_soon(tx, services, collection.id)
        return
    task = workspace.find_task(tx, saved.task_id)
    if task is None:
        return
    if todo.here is None or todo_fields.differing(todo.here, todo_fields.of_task(task)):
        _sync_soon(tx, services, todo.collection_id)


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
