"""The database: one writer, several readers (docs/spec.md#sqlite)."""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from buildos_box.clock import Clock
from buildos_box.db.connect import SHRINK, connect_reader
from buildos_box.db.file_identity import FileIdentity
from buildos_box.db.migrate import migrate
from buildos_box.db.readers import Readers
from buildos_box.db.snapshot import HeldDatabase, Progress
from buildos_box.db.snapshot_reads import SnapshotReads
from buildos_box.db.tx import C, Listener, Listeners, Params, Row, Tx
from buildos_box.db.writer import DatabaseGone, Writer
from buildos_box.errors import Unavailable
from buildos_box.settings import Settings
from buildos_box.thread_pool import ThreadPool

T = TypeVar("T")
_LONG_READS = ThreadPool("db-long-read", 2)
__all__ = ["Database", "Listener"]


class Database:
    """One open SQLite file: a writer thread and a few reading connections."""

    def __init__(self, path: Path, writer: Writer, readers: Readers, listeners: Listeners) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._listeners = listeners
        self._held = HeldDatabase(path)
        self._snapshot_reads = SnapshotReads(path)
        self._closed = False
        self._answers: dict[asyncio.AbstractEventLoop, _Answers] = {}

    @classmethod
    async def open(cls, path: Path, clock: Clock) -> "Database":
        """Open the file (created if missing) and migrate its schema.

        Raises SchemaTooNew if a newer program has written it; sqlite3.DatabaseError if it is not a
        database or is damaged.
        """
        await asyncio.to_thread(migrate, path, clock)
        listeners = Listeners()
        writer = Writer(path, listeners, clock)
        readers = Readers(path)
        try:
            await readers.open()
        except BaseException:
            await readers.close()
            await asyncio.to_thread(writer.close)
            raise
        return cls(path, writer, readers, listeners)

    async def close(self) -> None:
        """Finish every queued write, then close all connections."""
        self._closed = True
        await self._readers.close()
        self._snapshot_reads.close()
        await asyncio.to_thread(self._held.close)
        await asyncio.to_thread(self._writer.close)

    @property
    def commits(self) -> int:
        """The number of commits that have changed something.

        Fewer than transactions when several were committed together.
        """
        return self._writer.commits

    @property
    def written_at(self) -> float | None:
        """When something was last written, by the monotonic clock.

        None if nothing was yet, or if a write was refused since.
        """
        return self._writer.written_at

    @property
    def damage(self) -> str | None:
        """The damage that SQLite has found in the file since it was opened; None if none."""
        return self._writer.damage

    @property
    def file(self) -> FileIdentity | None:
        """Which file this is, for other processes to compare with what is at its path."""
        return self._writer.files.database

    @property
    def gone(self) -> str | None:
        """What has happened to the file since it was opened; None if it is still at its path."""
        return self._writer.files.fault()

    def subscribe(self, change: type[C], listener: Callable[[Tx, C], None]) -> None:
        """Call `listener(tx, change)` in every transaction that announces a change of that type."""
        self._listeners.subscribe(change, listener)

    def submit(self, run: Callable[[Tx], T]) -> "Future[T]":
        """Queue a transaction; the future is done when it is durable, or has failed.

        Any thread may call it. Raises Unavailable once the database is closed; the future carries
        what `run` raises, or StorageError.
        """
        return self._writer.submit(run)

    def write_blocking(self, run: Callable[[Tx], T]) -> T:
        """Run a transaction from a plain thread and wait until it is durable.

        Raises Unavailable, StorageError, and what `run` raises.
        """
        return self._writer.submit(run).result()

    async def write(self, run: Callable[[Tx], T]) -> T:
        """Run a transaction and wait until it is durable.

        Once submitted it runs to its end: cancelling the waiting task does not undo it. Raises
        Unavailable, StorageError, and what `run` raises.
        """
        outcome = _TaskOutcome[T](self._answers_to(asyncio.get_running_loop()))
        self._writer.submit_for(run, outcome)
        return await outcome.answer

    def _answers_to(self, loop: asyncio.AbstractEventLoop) -> "_Answers":
        found = self._answers.get(loop)
        if found is None:
            found = self._answers[loop] = _Answers(loop)
        return found

    async def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of a query, which sees everything that was committed before the call.

        Raises Unavailable once the database is closed, as all reads do.
        """
        return await self._readers.all(sql, params)

    async def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query; None if there is none."""
        rows = await self._readers.all(sql, params)
        return rows[0] if rows else None

    async def by_key(self, sql: str, params: Params) -> Row | None:
        """The row with a key; None if there is none. Only for a query by a unique index.

        It is read as `few` does.
        """
        rows = await self.few(sql, params)
        return rows[0] if rows else None

    async def few(self, sql: str, params: Params) -> list[Row]:
        """A page of rows at most. Only for a query that an index answers without looking at others.

        They are read on the calling thread, and by the other connections if the file is locked.
        """
        try:
            return self._readers.few(sql, params)
        except sqlite3.OperationalError:
            return await self._readers.all(sql, params)

    async def read_snapshot(self, run: Callable[[Tx], T]) -> T:
        """What `run` reads in one step, on a thread, all of one instant; writing raises.

        For several short reads, which would otherwise wake a thread each. Raises Unavailable once
        the database is closed, DatabaseGone if it would have to open the file again and must not,
        and what `run` raises.
        """
        return await self._snapshot_reads.run(run, self._require_file)

    async def read(self, run: Callable[[Tx], T]) -> T:
        """The same for what takes long, on a connection of its own, so that short reads go on.

        Raises Unavailable once the database is closed, DatabaseGone if the file is gone, and what
        `run` raises.
        """
        if self._closed:
            raise Unavailable("the database is closed")
        self._require_file()
        return await _LONG_READS.run(_read_alone, self.path, run)

    def _require_file(self) -> None:
        fault = self.gone
        if fault is not None:
            raise DatabaseGone.because(fault)

    def copy(self, target: Path, progress: Progress | None = None) -> None:
        """Copy the open database while it is in use, also if its path is gone.

        The copy is not synced to disk. Slow: call it off the event loop. Raises OSError,
        sqlite3.Error.
        """
        self._held.copy(target, progress)

    async def shrink(self) -> None:
        """Empty the page caches, which otherwise stay as full as they ever were.

        For times of rest: the next reads fill them again. Raises Unavailable, StorageError.
        """
        await self._readers.shrink()
        self._snapshot_reads.shrink()
        await self.write(lambda tx: tx.execute(SHRINK).close())


class _TaskOutcome(Generic[T]):
    """Tells a task how its transaction ended.

    A Future of threads would do, but has a lock that only those need who block on it.
    """

    __slots__ = ("_answers", "answer")

    def __init__(self, answers: "_Answers") -> None:
        self.answer: asyncio.Future[T] = answers.loop.create_future()
        self._answers = answers

    def set_running_or_notify_cancel(self) -> bool:
        return True

    def done(self) -> bool:
        # To tell it once more does no harm.
        return self.answer.done()

    def set_result(self, result: T) -> None:
        self._answers.give(self.answer, self.answer.set_result, result)

    def set_exception(self, error: BaseException) -> None:
        self._answers.give(self.answer, self.answer.set_exception, error)


class _Answers:
    """What one event loop is told of transactions: all that ended in a commit at once.

    Each time that a loop is woken from another thread costs a system call.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._given: deque[tuple[asyncio.Future[Any], Callable[[Any], None], Any]] = deque()
        self._waking = False

    def give(self, answer: "asyncio.Future[Any]", tell: Callable[[Any], None], what: Any) -> None:
        self._given.append((answer, tell, what))
        if not self._waking:
            self._waking = True
            with contextlib.suppress(RuntimeError):  # the waiting loop is closed
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        # First, so that whoever gives one from here on wakes the loop again.
        self._waking = False
        while self._given:
            answer, tell, what = self._given.popleft()
            if not answer.done():
                tell(what)


def _read_alone(path: Path, run: Callable[[Tx], T]) -> T:
    connection = connect_reader(path)
    try:
        connection.execute("BEGIN")
        return run(Tx(connection, Listeners()))
    finally:
        connection.close()


class DbContext(Protocol):
    """A database and a clock, for code that must not depend on all services."""

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock."""
        ...

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        ...
