"""A list's to-dos and a project's tasks: fetched, merged, sent.

What is sent is stored before. A crash on either side of the request is mended by the next sync: it
finds at the server what was sent, or sends it again; a new to-do has the UID and address that were
chosen for it, so that it is made once. The rules: docs/spec.md#caldav-todos.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote, urlsplit

from buildos_box.calendars.caldav import dav_xml, todo_fields, todo_store
from buildos_box.calendars.caldav.discovery import Found
from buildos_box.calendars.caldav.rules import (
    AT_ONCE,
    MAX_TODO_CHARS,
    MAX_TODOS,
    MOST_WRITES,
    ROUNDS,
)
from buildos_box.calendars.caldav.run import NotWanted, Run
from buildos_box.calendars.caldav.server import ServerRefused, clean_etag
from buildos_box.calendars.caldav.store import Collection
from buildos_box.calendars.caldav.todo_pull import Remote, Taker, remote_of, uid_of_task
from buildos_box.calendars.caldav.todo_store import DELETED, NEW, Todo
from buildos_box.calendars.ics.todo import read_todo
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Task

T = TypeVar("T")
_GONE = (404, 410)
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
        await sync.fetch(again, takes_gone=True)
    if sync.fault is not None:
        raise sync.fault


class _Sync:
    def __init__(self, run: Run, collection: Collection, project_id: str) -> None:
        self._run = run
        self._collection = collection
        self._project_id = project_id
        self.fault: ServerRefused | None = None
        """The first that concerned a single to-do."""

    async def _write(self, act: Callable[[Tx], T]) -> T:
        """A transaction, if the list is still wanted. Raises LeaseLost, NotWanted."""

        def guarded(tx: Tx) -> T:
            self._run.ensure_wanted(tx)
            now = todo_store.collection(tx, self._collection.id)
            if now is None or now.project_id != self._project_id:
                raise NotWanted
            return act(tx)

        return await self._run.services.db.write(guarded)

    async def fetch_changes(self, found: Found) -> None:
        """Take in what has changed at the server since the last time."""
        token = await self._write(lambda tx: todo_store.token_of(tx, self._collection.id))
        if token is not None and token == found.mark:
            return
        if not token or not found.sync_token or not await self._fetch_since(token):
            await self._fetch_all()
            await self._set_token(found.mark)

    async def _set_token(self, token: str) -> None:
        await self._write(lambda tx: todo_store.set_token(tx, self._collection.id, token))

    async def _fetch_since(self, token: str) -> bool:
        """Take in the changes since that sync token; False if the server no longer knows it."""
        server, url = self._run.server, self._collection.url
        for _ in range(MAX_TODOS):
            try:
                answer = await server.report(url, dav_xml.sync_collection(token), depth=0)
            except ServerRefused:
                return False
            changed, gone = self._named(answer.parts)
            await self.fetch(changed)
            await self._take((), gone)
            if not answer.sync_token:
                return False
            await self._set_token(answer.sync_token)
            if answer.is_whole or answer.sync_token == token:
                return True
            token = answer.sync_token
        return True

    async def _fetch_all(self) -> None:
        """Take in all that is listed. What is not listed may still be there: nothing is deleted."""
        query = dav_xml.all_todos()
        answer = await self._run.server.report(self._collection.url, query, depth=1)
        changed, _ = self._named(answer.parts)
        if len(changed) > MAX_TODOS:
            raise ServerRefused(f"“{self._collection.name}” has more than {MAX_TODOS:,} to-dos")
        await self.fetch(changed)

    def _named(self, parts: Sequence[dav_xml.Part]) -> tuple[dict[str, str | None], list[str]]:
        """The addresses that have something, with its ETag, and those that have nothing now."""
        changed: dict[str, str | None] = {}
        gone = []
        for part in parts:
            url = self._run.server.absolute(self._collection.url, part.href)
            if url is None or url == self._collection.url:
                continue
            if part.status in _GONE:
                gone.append(url)
            elif part.status == 200:
                changed[url] = clean_etag(part.text("d:getetag"))
        return changed, gone

    async def fetch(self, changed: Mapping[str, str | None], *, takes_gone: bool = False) -> None:
        """Fetch and take in what has another ETag than is known; with `takes_gone` also that
        nothing is there.
        """
        known = await self._write(lambda tx: todo_store.at(tx, self._collection.id, list(changed)))
        wanted = [
            url
            for url, etag in changed.items()
            if etag is None or url not in known or known[url].etag != etag
        ]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            body = dav_xml.multiget(urlsplit(url).path for url in some)
            answer = await self._run.server.report(self._collection.url, body, depth=1)
            remotes = [remote for part in answer.parts if (remote := self._remote(part))]
            _, gone = self._named(answer.parts)
            await self._take(remotes, gone if takes_gone else ())

    def _remote(self, part: dav_xml.Part) -> Remote | None:
        url = self._run.server.absolute(self._collection.url, part.href)
        text = part.text("c:calendar-data")
        if url is None or part.status != 200 or not text:
            return None
        try:
            if len(text) > MAX_TODO_CHARS:
                raise ValueError("is too long")
            now = self._run.services.clock.now()
            etag = clean_etag(part.text("d:getetag"))
            return remote_of(url, etag, text, self._run.user, now)
        except ValueError as error:
            self._note(f"a to-do {error}")
            return None

    def _note(self, said: str, answered: int = 0) -> None:
        self.fault = self.fault or ServerRefused(f"“{self._collection.name}”: {said}", answered)

    async def _take(self, remotes: Sequence[Remote], gone: Sequence[str]) -> None:
        if not remotes and not gone:
            return

        def act(tx: Tx) -> int:
            now = self._run.services.clock.now()
            taker = Taker(tx, self._collection, self._project_id, now)
            taker.take(remotes)
            for url in gone:
                taker.gone(url)
            return taker.changed

        try:
            self._run.done.tasks_changed += await self._write(act)
        except Unprocessable as error:
            raise ServerRefused(f"“{self._collection.name}”: {error.message}"[:500]) from None

    async def send(self) -> dict[str, str | None]:
        """Send what has changed here; the addresses to fetch, because they changed there too."""
        sendings = await self._write(self._to_send)
        again: dict[str, str | None] = {}
        for sending in sendings:
            try:
                if sending.todo.state == DELETED:
                    await self._delete(sending.todo)
                else:
                    await self._put(sending.todo, sending.task, again)
            except ServerRefused as error:
                if error.answered == _HAS_CHANGED:
                    again[sending.todo.url] = None
                elif error.answered in _GONE and sending.todo.state != NEW:
                    await self._take((), [sending.todo.url])
                    again[sending.todo.url] = None
                else:
                    self._note(error.message, error.answered)
        return again

    def _to_send(self, tx: Tx) -> list[_Sending]:
        tasks = {task.id: task for task in workspace.find_tasks(tx, self._project_id, limit=-1)}
        found: list[_Sending] = []
        for todo in todo_store.all_of(tx, self._collection.id):
            task = tasks.pop(todo.task_id, None) or workspace.find_task(tx, todo.task_id)
            if todo.state == DELETED:
                found.append(_Sending(todo, None))
            elif task is not None and _is_unsent(todo, task):
                found.append(_Sending(todo, task))
        for task in tasks.values():
            if todo_store.of_task(tx, task.id) is None:
                found.append(_Sending(self._new(task), task))
        if len(found) > MOST_WRITES:
            self._run.done.has_more = True
        return found[:MOST_WRITES]

    def _new(self, task: Task) -> Todo:
        uid = uid_of_task(self._collection.user_id, task.id)
        return Todo(
            collection_id=self._collection.id,
            user_id=self._collection.user_id,
            task_id=task.id,
            uid=uid,
            url=f"{self._collection.url.rstrip('/')}/{quote(uid)}.ics",
        )

    async def _put(self, todo: Todo, task: Task | None, again: dict[str, str | None]) -> None:
        assert task is not None
        if todo.state != NEW and todo.etag is None:
            again[todo.url] = None
            return
        now, user = self._run.services.clock.now(), self._run.user
        text = self._text(todo, task)
        remote = remote_of(todo.url, None, text, user, now)
        assert remote is not None, "what is sent is a to-do"
        sent = replace(todo, sent=remote.values, sent_here=todo_fields.of_task(task))
        if not await self._write(lambda tx: _note_sent(tx, sent, task)):
            return
        condition = {"If-Match": todo.etag} if todo.etag else {"If-None-Match": "*"}
        etag = await self._run.server.put(todo.url, text, condition)
        self._run.done.todos_sent += 1
        if etag is None:
            # The server has stored it in words of its own, which have to be fetched.
            again[todo.url] = None
        else:
            await self._take([replace(remote, etag=etag)], ())

    def _text(self, todo: Todo, task: Task) -> str:
        now, user = self._run.services.clock.now(), self._run.user
        if todo.data is None:
            return todo_fields.new_text(todo.uid, task, now)
        read = read_todo(todo.data, user_id=user.id, zone=user.timezone, now=now)
        assert read is not None, "what was read once can be read"
        there = todo.there or todo_fields.of_todo(read)
        names = todo_fields.differing(todo.here or there, todo_fields.of_task(task))
        instance = there.get(todo_fields.INSTANCE)
        return todo_fields.changed_text(todo.data, read, instance, task, names, now)

    async def _delete(self, todo: Todo) -> None:
        if todo.etag is None:
            # It was deleted here before it was known whether it had arrived there.
            body = dav_xml.multiget([urlsplit(todo.url).path])
            answer = await self._run.server.report(self._collection.url, body, depth=1)
            found = [part for part in answer.parts if part.status == 200]
            etag = clean_etag(found[0].text("d:getetag")) if found else None
            if etag is None:
                await self._write(lambda tx: todo_store.drop(tx, todo))
                return
            todo = replace(todo, etag=etag)
        try:
            await self._run.server.delete(todo.url, {"If-Match": todo.etag or "*"})
        except ServerRefused as error:
            if error.answered not in _GONE:
                raise
        await self._write(lambda tx: todo_store.drop(tx, todo))


def _is_unsent(todo: Todo, task: Task) -> bool:
    """Whether the task has something that its to-do has not."""
    if todo.state == NEW or todo.here is None:
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
