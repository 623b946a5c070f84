"""The machine under the box: one thread, a disk without fsync, and a plug that can be pulled."""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import Any

from litestar import Litestar

from buildos_box.api.app import Api, Parts
from buildos_box.clock import Clock
from buildos_box.db.database import Database
from buildos_box.db.migrate import migrate
from buildos_box.db.readers import Readers
from buildos_box.db.tx import Listeners, Params, Row, Tx
from buildos_box.db.writer import Writer, _Work
from buildos_box.errors import Unavailable
from buildos_box.jobs.engine import Engine


class PowerCut(BaseException):
    """The process is gone at this very point; nothing in it may go on."""


class Plug:
    """Counts commits and effects, and ends the process at the one it is armed for."""

    def __init__(self, on_death: Callable[[str], None]) -> None:
        self.dead = False
        self._on_death = on_death
        self._armed: dict[str, tuple[int, str | None]] = {}

    def arm(self, seam: str, nth: int, then: str | None = None) -> None:
        """Die at the nth `seam` from now: `before commit`, `after commit`, `before effect`, …

        With `then`, at the first one of those that follows.
        """
        self._armed[seam] = (nth, then)

    def pull(self, where: str) -> None:
        """Die now, though nothing is being done."""
        if not self.dead:
            self.dead = True
            self._on_death(where)

    def at(self, seam: str) -> None:
        """Raises PowerCut if the process ends here."""
        if self.dead:
            raise PowerCut
        if seam not in self._armed:
            return
        left, then = self._armed.pop(seam)
        if left > 1:
            self._armed[seam] = (left - 1, then)
            return
        if then is not None:
            self._armed[then] = (1, None)
            return
        self.pull(seam)
        raise PowerCut


class _Answer(Future[Any]):
    """What came of a transaction. On one thread nobody can wait for it: asking has it committed."""

    def __init__(self, writer: "OnThreadWriter") -> None:
        super().__init__()
        self._writer = writer

    def set_result(self, result: Any) -> None:
        self._writer.plug.at("after commit")
        super().set_result(result)

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self._writer.drain()
        return super().result(0)


class OnThreadWriter(Writer):
    """The writer without its thread: what is submitted in one turn of the loop is one commit."""

    def __init__(self, path: Path, listeners: Listeners, clock: Clock, plug: Plug) -> None:
        self.plug = plug
        self._busy = False
        self._awaited: list[_Answer] = []
        self._soon: asyncio.Handle | None = None
        super().__init__(path, listeners, clock)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("PRAGMA wal_autocheckpoint=4000")

    def _start(self) -> None:
        """No thread: the loop does the work after this turn, or whoever cannot wait for that."""

    def submit(self, run: Callable[[Tx], Any]) -> "Future[Any]":
        if self.plug.dead:
            raise PowerCut
        if self._closed:
            raise Unavailable("the database is closed")
        answer = _Answer(self)
        self._awaited.append(answer)
        self._work.put(_Work(run, answer))
        if not self._busy and self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self.drain)
        return answer

    def drain(self) -> None:
        """Commit all that waits; if the process ends meanwhile, whoever waits for it ends too."""
        if self._busy:
            return
        self._busy, self._soon = True, None
        try:
            while not self._work.empty():
                self.plug.at("before commit")
                first = self._work.get()
                assert first is not None
                self._commit(first)
        except PowerCut:
            while not self._work.empty():
                self._work.get()
            for answer in self._awaited:
                with contextlib.suppress(PowerCut):
                    if not answer.done():
                        answer.set_exception(PowerCut())
        finally:
            self._awaited.clear()
            self._busy = False

    def close(self) -> None:
        self.drain()
        self._closed = True
        self._connection.close()

    def limit_pages(self, more: int | None) -> None:
        """Fill the disk, save for so many pages; None makes room again."""
        count = self._connection.execute("PRAGMA page_count").fetchone()[0]
        most = count + more if more is not None else 1_000_000_000
        self._connection.execute(f"PRAGMA max_page_count={most:d}")


class OnThreadReaders(Readers):
    """Reads by the writer's connection: on one thread nothing is read amid a transaction.

    A connection of its own would find all its pages outdated after each commit.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(path)
        self._connection = connection
        self.delay: Callable[[], float] = lambda: 0.0
        """How long rows that were read are on their way."""

    async def open(self) -> None:
        """The writer has opened the file."""

    async def all(self, sql: str, params: Params = ()) -> list[Row]:
        before = self._connection.total_changes
        rows = self._connection.execute(sql, params).fetchall()
        assert self._connection.total_changes == before, f"a reader can't write: {sql}"
        if late := self.delay():
            await asyncio.sleep(late)
        return rows

    def few(self, sql: str, params: Params = ()) -> list[Row]:
        return self._connection.execute(sql, params).fetchall()

    async def close(self) -> None:
        """The writer closes its connection."""


class OnThreadDatabase(Database):
    """The database, its two ends on this thread."""

    plug: Plug
    writer: OnThreadWriter
    readers: OnThreadReaders

    @classmethod
    def opener(cls, plug: Plug) -> Any:
        async def open_database(path: Path, clock: Clock) -> Database:
            migrate(path, clock)
            listeners = Listeners()
            writer = OnThreadWriter(path, listeners, clock, plug)
            readers = OnThreadReaders(path, writer._connection)
            await readers.open()
            database = cls(path, writer, readers, listeners)
            database.plug, database.writer, database.readers = plug, writer, readers
            return database

        return open_database

    async def write(self, run: Callable[[Tx], Any]) -> Any:
        answer = asyncio.get_running_loop().create_future()
        self._writer.submit(run).add_done_callback(lambda done: _hand_over(done, answer))
        return await answer

    async def all(self, sql: str, params: Params = ()) -> list[Row]:
        if self.plug.dead:
            raise PowerCut
        return await super().all(sql, params)


def _hand_over(done: "Future[Any]", answer: "asyncio.Future[Any]") -> None:
    """Complete the answer, unless the waiting task was cancelled."""
    if answer.done():
        return
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)


class _Started:
    """What `Engine.call` gives back: whoever waits for it is let go at once."""

    def result(self, timeout: float | None = None) -> None:
        """The work goes on by itself; how much may run at once is the job store's to say."""


class OnThreadEngine(Engine):
    """The engine on the simulation's loop: Huey's worker starts attempts and does not wait."""

    tasks: "set[asyncio.Task[Any]]"

    def __init__(self, **parts: Any) -> None:
        # The process's number would make rows longer or shorter, and a disk full sooner or later.
        super().__init__(loop=asyncio.get_running_loop(), **{**parts, "name": "box-1"})
        self.tasks = set()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return _Started()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()

    def begin(self, services: Any) -> None:
        """What `start` does, without threads, but for what must be awaited."""
        self._services = services
        self.recover(all_leases=True)
        self.storage.open()


class NoApi(Api):
    """Requests come in by the handlers' own functions: to register routes takes long."""

    def __init__(self) -> None:
        self._known, self._is_complete = {}, False
        Litestar.__init__(self, [])

    def serve(self, parts: Parts) -> None:
        """Nobody asks."""


_no_api = lru_cache(maxsize=1)(NoApi)


def no_api(**_parts: Any) -> Api:
    return _no_api()


def seeded(seed: str) -> random.Random:
    return random.Random(seed)
