"""Takes in what a list's server has: new to-dos become tasks, changed ones change theirs.

Only what the server says is gone is deleted here; what a listing merely lacks is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from buildos_box.calendars.caldav import todo_fields, todo_store
from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.conflict_notes import note_of
from buildos_box.calendars.caldav.todo_merge import FIELDS, Merged, Values, merge
from buildos_box.calendars.caldav.todo_store import DELETED, LINKED, NEW, Todo
from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.calendars.ics.stable_id import stable_id
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.locales.language import Language
from buildos_box.workspace import store as workspace
from buildos_box.workspace.batch import Batch, read_sync
from buildos_box.workspace.model import Task, User
from buildos_box.workspace.sync import apply

if TYPE_CHECKING:
    from buildos_box.calendars.ics.todo import ReadTodo


@dataclass(frozen=True, slots=True)
class Remote:
    """A to-do as its server has it."""

    url: str
    etag: str | None
    text: str
    read: "ReadTodo"
    values: Values


def remote_of(
    url: str, etag: str | None, text: str, user: User, now: Instant, time: ProcessorTime
) -> Remote | None:
    """What was fetched, read; None if it is no to-do. Raises ValueError if it cannot be read."""
    # Imported here because most servers have no to-dos and icalendar is slow to load.
    from buildos_box.calendars.ics.todo import read_todo

    read = read_todo(text, user_id=user.id, zone=user.timezone, now=now, processor_time=time)
    return None if read is None else Remote(url, etag, text, read, todo_fields.of_todo(read))


def uid_of_task(user_id: str, task_id: str) -> str:
    """The UID of the to-do that is made for a task: always the same, so that it is made once."""
    return stable_id(user_id, task_id, "todo", source="buildos")


class Taker:
    """Takes in a list's to-dos in one transaction. Raises Unprocessable for what cannot be stored.

    `changed` counts the tasks that were created, changed or deleted. What is not `listed` was
    fetched by its address alone: whether the list's sync token knows of it is not said.
    """

    def __init__(
        self,
        tx: Tx,
        collection: Collection,
        project_id: str,
        now: Instant,
        language: Language,
        *,
        listed: bool,
    ) -> None:
        self._language = language
        self._listed = listed
        self._tx = tx
        self._collection = collection
        self._project_id = project_id
        self._now = now
        self._of_uid: dict[str, str] | None = None
        self.changed = 0

    def take(self, remotes: Iterable[Remote]) -> None:
        """To-dos that were fetched."""
        found = list(remotes)
        known = todo_store.at(self._tx, self._collection.id, [remote.url for remote in found])
        for remote in found:
            uid = remote.read.uid
            todo = known.get(remote.url) or todo_store.of_uid(self._tx, self._collection.id, uid)
            todo = todo or self._adopted(remote)
            if todo.state == DELETED:
                self._take_deleted(todo, remote)
            else:
                self._take_one(todo, remote)

    def _adopted(self, remote: Remote) -> Todo:
        """The to-do of a task that is there already, or of one to be made."""
        user_id, uid = self._collection.user_id, remote.read.uid
        task_id = stable_id(user_id, f"{self._collection.url} {uid}", "task", source="caldav")
        task_id = self._made_here().get(uid, task_id)
        mapped = todo_store.of_task(self._tx, task_id)
        if mapped is not None and mapped.collection_id != self._collection.id:
            # The task is another list's to-do; this one becomes a task of its own.
            task_id = stable_id(user_id, f"{self._collection.url} {remote.url}", "task")
        return Todo(
            collection_id=self._collection.id,
            user_id=user_id,
            task_id=task_id,
            uid=uid,
            url=remote.url,
        )

    def _made_here(self) -> dict[str, str]:
        """The project's tasks by the UIDs of the to-dos that are made for them."""
        if self._of_uid is None:
            tasks = workspace.find_tasks(self._tx, self._project_id, limit=-1)
            user_id = self._collection.user_id
            self._of_uid = {uid_of_task(user_id, task.id): task.id for task in tasks}
        return self._of_uid

    def _take_one(self, todo: Todo, remote: Remote) -> None:
        if todo.sent is not None and not todo_fields.differing(todo.sent, remote.values):
            # What was sent has arrived, although its answer was not heard.
            todo = replace(todo, there=remote.values, here=todo.sent_here)
        task = workspace.find_task(self._tx, todo.task_id)
        linked = replace(
            todo,
            url=remote.url,
            uid=remote.read.uid,
            state=LINKED if self._listed or todo.state == LINKED else NEW,
            etag=remote.etag,
            data=remote.text,
            there=remote.values,
            sent=None,
            sent_here=None,
        )
        if task is None:
            self._create(linked, remote)
            return
        here = todo_fields.of_task(task)
        at = todo_fields.modified(remote.text)
        newer = at is not None and task.updated_at > at
        merged = merge(todo.here, todo.there, here, remote.values, here_is_newer=newer)
        wanted = merged.to_here | _next_of_series(remote.values, here, merged)
        # First, so that the task's listener sees that the server has this already.
        todo_store.save(self._tx, replace(linked, here=merged.base | wanted))
        self._note_lost(task, remote, merged, newer)
        if wanted:
            self._write({"id": task.id, **todo_fields.as_item(wanted)})

    def _create(self, todo: Todo, remote: Remote) -> None:
        item = {
            "id": todo.task_id,
            "projectId": self._project_id,
            **todo_fields.as_item({name: remote.values[name] for name in FIELDS}),
            "startDate": remote.read.task["startDate"],
            "completedAt": remote.read.task["completedAt"],
        }
        here = {name: remote.values[name] for name in FIELDS}
        todo_store.save(self._tx, replace(todo, here=here))
        self._write(item)

    def _take_deleted(self, todo: Todo, remote: Remote) -> None:
        """A change at the server brings a task back that was deleted here."""
        if todo.sent is not None and not todo_fields.differing(todo.sent, remote.values):
            # What was sent before it was deleted.
            own = replace(todo, etag=remote.etag, there=remote.values, sent=None, sent_here=None)
            todo_store.save(self._tx, own)
        elif todo.there is None or todo_fields.differing(todo.there, remote.values):
            bare = replace(todo, there=None, here=None, sent=None, sent_here=None, state=NEW)
            self._take_one(bare, remote)
        else:
            todo_store.save(self._tx, replace(todo, etag=remote.etag, url=remote.url))

    def gone(self, url: str) -> None:
        """The server says that nothing is there any more; a task that was changed here goes back to
        it.
        """
        todo = todo_store.at(self._tx, self._collection.id, [url]).get(url)
        if todo is None or (todo.state == NEW and todo.etag is None):
            return
        task = workspace.find_task(self._tx, todo.task_id)
        if todo.state == DELETED or task is None:
            todo_store.drop(self._tx, todo)
        elif todo.here is None or todo_fields.differing(todo.here, todo_fields.of_task(task)):
            back = replace(todo, state=NEW, etag=None, there=None, here=None, sent=None)
            todo_store.save(self._tx, back)
        else:
            todo_store.drop(self._tx, todo)
            self._apply(Batch(deletes={"tasks": {task.id: "id"}}))

    def _note_lost(self, task: Task, remote: Remote, merged: Merged, newer: bool) -> None:
        if not merged.lost:
            return
        owner = workspace.find_user(self._tx, self._collection.user_id)
        note = {
            "id": stable_id(task.id, f"{remote.etag}", str(merged.lost), source="note"),
            "projectId": task.project_id,
            **note_of(
                task.title,
                merged.lost,
                self._language,
                owner.timezone if owner else "UTC",
                here=newer,
            ),
        }
        self._apply(read_sync({"notes": [note]}))

    def _write(self, item: Mapping[str, Any]) -> None:
        self._apply(read_sync({"tasks": [dict(item)]}))

    def _apply(self, batch: Batch) -> None:
        apply(self._tx, batch, self._now, only_user=self._collection.user_id)
        self.changed += 1


def _next_of_series(there: Values, here: Values, merged: Merged) -> Values:
    """A series of which one instance was completed goes on with the next."""
    if there[todo_fields.INSTANCE] is None or not here["done"] or there["done"]:
        return {}
    if merged.base["done"] is False and here["done"]:
        # It was reopened there, or completed here and not sent yet.
        return {}
    return {"done": False, "due": there["due"]}
