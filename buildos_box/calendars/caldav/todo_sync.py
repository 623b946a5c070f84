"""A list's to-dos and a project's tasks: fetched, merged, sent.

What is sent is stored before. A crash on either side of the request is mended by the next sync: it
finds at the server what was sent, or sends it again; a new to-do has the UID and address that were
chosen for it, so that it is made once. The rules: docs/spec.md#caldav-todos.
"""

from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote, urlsplit

from buildos_box.calendars.caldav import dav_xml, todo_fields, todo_store
from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.dav_client import ServerRefused, clean_etag, if_match
from buildos_box.calendars.caldav.discovery import Found
from buildos_box.calendars.caldav.limits import (
    MOST_WRITES,
    ROUNDS,
)
from buildos_box.calendars.caldav.sync_context import Run
from buildos_box.calendars.caldav.todo_fetch import GONE, Fetching
from buildos_box.calendars.caldav.todo_pull import Remote, remote_of, uid_of_task
from buildos_box.calendars.caldav.todo_store import DELETED, NEW, Todo
from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.db import Tx
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Task

_HAS_CHANGED = 412


@dataclass(frozen=True, slots=True)
class _Sending:
    """A to-do to send, with the task as it is now; None for one to delete."""

    todo: Todo
    task: Task | None


async def sync_todos(run: Run, collection: Collection, found: Found) -> None:
    """Sync a list that is a project's. Raises what Server's methods raise, LeaseLost, NotWanted."""
    if collection.project_id is None:
        return
    sync = _Sync(run, collection, collection.project_id)
    await sync.fetch_changes(found)
    for _ in range(ROUNDS):
        again = await sync.send()
        if not again:
            break
        # Each of these was changed here, so that one that is gone there goes back to it.
        await sync.fetch(again, listed=False)
    if sync.fault is not None:
        raise sync.fault


class _Sync(Fetching):
    """Fetching, and sending."""

    def __init__(self, run: Run, collection: Collection, project_id: str) -> None:
        super().__init__(run, collection, project_id)
        self._refused: set[str] = set()
        """What was fetched anew, because it had changed: a second time that is a fault."""

    async def send(self) -> dict[str, str | None]:
        """Send what has changed here; the addresses to fetch, because they changed there too."""
        sendings = await self.write(self._to_send)
        again: dict[str, str | None] = {}
        for sending in sendings:
            try:
                if sending.todo.state == DELETED:
                    await self._delete(sending.todo)
                else:
                    await self._put(sending.todo, sending.task, again)
            except ServerRefused as error:
                if error.answered == _HAS_CHANGED and sending.todo.url not in self._refused:
                    self._refused.add(sending.todo.url)
                    again[sending.todo.url] = None
                elif error.answered in GONE and sending.todo.etag is not None:
                    await self.take((), [sending.todo.url], listed=False)
                    again[sending.todo.url] = None
                else:
                    self.note(error.message, error.answered)
        return again

    def _to_send(self, tx: Tx) -> list[_Sending]:
        tasks = {task.id: task for task in workspace.find_tasks(tx, self.project_id, limit=-1)}
        found: list[_Sending] = []
        for todo in todo_store.all_of(tx, self.collection.id):
            task = tasks.pop(todo.task_id, None) or workspace.find_task(tx, todo.task_id)
            if todo.state == DELETED:
                found.append(_Sending(todo, None))
            elif task is not None and _is_unsent(todo, task):
                found.append(_Sending(todo, task))
        for task in tasks.values():
            if todo_store.of_task(tx, task.id) is None:
                found.append(_Sending(self._new(task), task))
        if len(found) > MOST_WRITES:
            self.run.done.has_more = True
        return found[:MOST_WRITES]

    def _new(self, task: Task) -> Todo:
        uid = uid_of_task(self.collection.user_id, task.id)
        return Todo(
            collection_id=self.collection.id,
            user_id=self.collection.user_id,
            task_id=task.id,
            uid=uid,
            url=f"{self.collection.url.rstrip('/')}/{quote(uid)}.ics",
        )

    async def _put(self, todo: Todo, task: Task | None, again: dict[str, str | None]) -> None:
        assert task is not None
        if todo.state != NEW and todo.etag is None:
            again[todo.url] = None
            return
        try:
            remote = await self.in_time(partial(self._written, todo, task))
        except ValueError as error:
            self.note(f"a to-do {error}")
            return
        sent = replace(todo, sent=remote.values, sent_here=todo_fields.of_task(task))
        if not await self.write(lambda tx: _note_sent(tx, sent, task)):
            return
        condition = if_match(todo.etag) if todo.etag else {"If-None-Match": "*"}
        etag = await self.run.server.put(todo.url, remote.text, condition)
        self.run.done.todos_sent += 1
        if etag is None:
            # The server has stored it in words of its own, which have to be fetched.
            again[todo.url] = None
        else:
            await self.take([replace(remote, etag=etag)], (), listed=False)

    def _written(self, todo: Todo, task: Task, time: ProcessorTime) -> Remote:
        """What the server is to have, as if it had been fetched. Raises ValueError."""
        now, user = self.run.services.clock.now(), self.run.user
        text = self._text(todo, task, time)
        remote = remote_of(todo.url, None, text, user, now, time)
        assert remote is not None, "what is sent is a to-do"
        return remote

    def _text(self, todo: Todo, task: Task, time: ProcessorTime) -> str:
        now, user = self.run.services.clock.now(), self.run.user
        if todo.data is None:
            return todo_fields.new_text(todo.uid, task, now)
        from buildos_box.calendars.ics.todo import read_todo

        zone = user.timezone
        read = read_todo(todo.data, user_id=user.id, zone=zone, now=now, processor_time=time)
        assert read is not None, "what was read once can be read"
        there = todo.there or todo_fields.of_todo(read)
        names = todo_fields.differing(todo.here or there, todo_fields.of_task(task))
        instance = there.get(todo_fields.INSTANCE)
        return todo_fields.changed_text(todo.data, read, instance, task, names, now)

    async def _delete(self, todo: Todo) -> None:
        if todo.etag is None:
            # It was deleted here before it was known whether it had arrived there.
            body = dav_xml.multiget([urlsplit(todo.url).path])
            answer = await self.run.server.report(self.collection.url, body, depth=1)
            found = [part for part in answer.parts if part.status == 200]
            etag = clean_etag(found[0].text("d:getetag")) if found else None
            if etag is None:
                await self.write(lambda tx: todo_store.drop(tx, todo))
                return
            todo = replace(todo, etag=etag)
        try:
            await self.run.server.delete(todo.url, if_match(todo.etag or "*"))
        except ServerRefused as error:
            if error.answered not in GONE:
                raise
        await self.write(lambda tx: todo_store.drop(tx, todo))


def _is_unsent(todo: Todo, task: Task) -> bool:
    """Whether the task has something that its to-do has not."""
    if (todo.state == NEW and todo.etag is None) or todo.here is None:
        return True
    return bool(todo_fields.differing(todo.here, todo_fields.of_task(task)))


def _note_sent(tx: Tx, todo: Todo, task: Task) -> bool:
    """Store what is about to be sent; False if the task has changed or gone meanwhile."""
    now = workspace.find_task(tx, task.id)
    if now is None or todo_fields.differing(todo_fields.of_task(now), todo_fields.of_task(task)):
        return False
    known = todo_store.of_task(tx, task.id)
    if known is not None and (known.state, known.etag) != (todo.state, todo.etag):
        return False
    todo_store.save(tx, todo)
    return True
