"""Fetches what has changed in a list of to-dos at its server."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from buildos_box.calendars.caldav import dav_xml, todo_store
from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.dav_client import ServerRefused, clean_etag
from buildos_box.calendars.caldav.discovery import Found
from buildos_box.calendars.caldav.limits import (
    AT_ONCE,
    MAX_TODO_CHARS,
    MAX_TODOS,
)
from buildos_box.calendars.caldav.sync_context import NotWanted, Run
from buildos_box.calendars.caldav.todo_pull import Remote, Taker, remote_of
from buildos_box.calendars.feeds.fetch import FeedFault
from buildos_box.calendars.feeds.read_feed import AGAIN, within_processor_time
from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.db import Tx
from buildos_box.errors import TransientError, Unprocessable
from buildos_box.workspace.languages import find_language

T = TypeVar("T")
GONE = (404, 410)


class Fetching:
    """Takes in what a list's server has. Its methods raise what Server's methods raise, LeaseLost
    and NotWanted.
    """

    def __init__(self, run: Run, collection: Collection, project_id: str) -> None:
        self.run = run
        self.collection = collection
        self.project_id = project_id
        self.fault: ServerRefused | None = None
        """The first that concerned a single to-do."""

    async def write(self, act: Callable[[Tx], T]) -> T:
        """A transaction, if the list is still wanted. Raises LeaseLost, NotWanted."""

        def guarded(tx: Tx) -> T:
            self.run.ensure_wanted(tx)
            now = todo_store.collection(tx, self.collection.id)
            if now is None or now.project_id != self.project_id:
                raise NotWanted
            return act(tx)

        return await self.run.services.db.write(guarded)

    async def fetch_changes(self, found: Found) -> None:
        """Take in what has changed at the server since the last time.

        Raises what Server's methods raise.
        """
        token = await self.write(lambda tx: todo_store.token_of(tx, self.collection.id))
        unlisted = await self.write(lambda tx: todo_store.unlisted(tx, self.collection.id))
        if token is not None and token == found.mark and not unlisted:
            return
        most = self.run.services.settings.limits.max_bytes_per_user
        user_id = self.collection.user_id
        if most and await self.write(lambda tx: todo_store.bytes_of_user(tx, user_id)) > most:
            raise ServerRefused(
                f"the to-dos have more than {most:,} bytes, which limits.max_bytes_per_user allows"
            )
        if not token or not found.sync_token or not await self._fetch_since(token):
            await self._fetch_all()
            await self._set_token(found.mark)
        await self._look_for_unlisted()

    async def _look_for_unlisted(self) -> None:
        """Ask for each to-do that was stored there and is not listed: one that was deleted before a
        sync token knew of it is in no answer (RFC 6578, 3.5).
        """
        urls = await self.write(lambda tx: todo_store.unlisted(tx, self.collection.id))
        await self.fetch(dict.fromkeys(urls), listed=False)

    async def _set_token(self, token: str) -> None:
        await self.write(lambda tx: todo_store.set_token(tx, self.collection.id, token))

    async def _fetch_since(self, token: str) -> bool:
        """Take in the changes since that sync token; False if the server no longer knows it."""
        server, url = self.run.server, self.collection.url
        for _ in range(MAX_TODOS):
            try:
                answer = await server.report(url, dav_xml.sync_collection(token), depth=0)
            except ServerRefused:
                return False
            changed, gone = self._named(answer.parts)
            await self.fetch(changed, listed=True)
            await self.take((), gone, listed=True)
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
        answer = await self.run.server.report(self.collection.url, query, depth=1)
        changed, _ = self._named(answer.parts)
        if len(changed) > MAX_TODOS:
            raise ServerRefused(f"“{self.collection.name}” has more than {MAX_TODOS:,} to-dos")
        await self.fetch(changed, listed=True)

    def _named(self, parts: Sequence[dav_xml.Part]) -> tuple[dict[str, str | None], list[str]]:
        """The addresses that have something, with its ETag, and those that have nothing now."""
        changed: dict[str, str | None] = {}
        gone = []
        for part in parts:
            url = self.run.server.absolute(self.collection.url, part.href)
            if url is None or url == self.collection.url:
                continue
            if part.status in GONE:
                gone.append(url)
            elif part.status == 200:
                changed[url] = clean_etag(part.text("d:getetag"))
        return changed, gone

    async def fetch(self, changed: Mapping[str, str | None], *, listed: bool) -> None:
        """Fetch and take in what has another ETag than is known.

        If it was not `listed`, but is asked for by its address, nothing may be there any more.
        Raises what Server's methods raise.
        """
        known = await self.write(lambda tx: todo_store.at(tx, self.collection.id, list(changed)))
        wanted = [
            url
            for url, etag in changed.items()
            if etag is None or url not in known or known[url].etag != etag
        ]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            body = dav_xml.multiget(urlsplit(url).path for url in some)
            answer = await self.run.server.report(self.collection.url, body, depth=1)
            remotes = await self.in_time(partial(self._remotes, answer.parts))
            _, gone = self._named(answer.parts)
            await self.take(remotes, () if listed else gone, listed=listed)
        if listed:
            await self.write(
                lambda tx: todo_store.was_listed(tx, self.collection.id, list(changed))
            )

    async def in_time(self, work: Callable[[ProcessorTime], T]) -> T:
        """What `work` returns: what servers write is read in a thread, and its processor time is
        counted. Raises TransientError if that of the user's day is used up.
        """
        services, user = self.run.services, self.run.user
        try:
            now = services.clock.now()
            return await within_processor_time(services, AGAIN, user, now, work)
        except FeedFault as fault:
            raise TransientError(fault.message, retry_after=fault.retry_after) from None

    def _remotes(self, parts: Sequence[dav_xml.Part], time: ProcessorTime) -> list[Remote]:
        return [remote for part in parts if (remote := self._remote(part, time)) is not None]

    def _remote(self, part: dav_xml.Part, time: ProcessorTime) -> Remote | None:
        url = self.run.server.absolute(self.collection.url, part.href)
        text = part.text("c:calendar-data")
        if url is None or part.status != 200 or not text:
            return None
        try:
            if len(text) > MAX_TODO_CHARS:
                raise ValueError("is too long")
            now = self.run.services.clock.now()
            etag = clean_etag(part.text("d:getetag"))
            return remote_of(url, etag, text, self.run.user, now, time)
        except ValueError as error:
            self.note(f"a to-do {error}")
            return None

    def note(self, said: str, answered: int = 0) -> None:
        """Note a fault that concerns a single to-do."""
        self.fault = self.fault or ServerRefused(f"“{self.collection.name}”: {said}", answered)

    async def take(self, remotes: Sequence[Remote], gone: Sequence[str], *, listed: bool) -> None:
        """Take in what was fetched, and what the server says is gone.

        Raises ServerRefused for a to-do that no task can be, as beyond the user's limits.
        """
        if not remotes and not gone:
            return

        def act(tx: Tx) -> int:
            services = self.run.services
            now = services.clock.now()
            language = find_language(tx, services, self.collection.user_id)
            taker = Taker(tx, self.collection, self.project_id, now, language, listed=listed)
            taker.take(remotes)
            for url in gone:
                taker.gone(url)
            return taker.changed

        try:
            self.run.done.tasks_changed += await self.write(act)
        except Unprocessable as error:
            raise ServerRefused(f"“{self.collection.name}”: {error.message}"[:500]) from None
