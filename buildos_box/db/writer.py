"""The one connection that writes: a thread of its own, with group commit.

Transactions that wait at the same time are committed together, so that `synchronous=FULL` costs one
fsync for many; one that fails is rolled back alone. Transactions that they submit join the same
commit: the claim of a new job becomes durable together with the job.

The rules: docs/spec.md#sqlite.
"""

import contextlib
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from buildos_box.clock import Clock
from buildos_box.db.connect import connect_writer
from buildos_box.db.file_identity import OpenFiles
from buildos_box.db.tx import DeferredInserts, Listeners, Tx
from buildos_box.errors import TransientError, Unavailable
from buildos_box.log import logger

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
Action = Callable[[], None]
MAX_GROUP = 256
SWITCH_SECONDS = 0.0002
"""Each statement releases the interpreter lock; with Python's default of 5 ms the writer would wait
that long for it each time.
"""

log = logger(__name__)


class StorageError(TransientError):
    """The database could not accept a write: disk full, read-only folder, I/O error."""

    code = "storage_error"


class DatabaseGone(StorageError):
    """The database's file was deleted, moved or replaced: a write would be lost at the next start.

    It ends by itself once the same file is back at its path.
    """

    code = "database_gone"

    @classmethod
    def because(cls, fault: str) -> "DatabaseGone":
        """The error for what `OpenFiles.fault` found, and what can be done about it."""
        return cls(
            f"{fault}, so nothing more is written to it; put that same file back, or save what is "
            "still open with `buildos-box backup --from-server` before the process is stopped"
        )


class Outcome(Protocol[T_contra]):
    """Who is told how a transaction ended, by the methods of a Future."""

    def set_running_or_notify_cancel(self) -> bool:
        """It runs now; False if it is no longer wanted."""
        ...

    def done(self) -> bool:
        """Whether one of the next two was called."""
        ...

    def set_result(self, result: T_contra, /) -> None:
        """It is durable."""
        ...

    def set_exception(self, error: BaseException, /) -> None:
        """It has failed."""
        ...


@dataclass(slots=True)
class _Work(Generic[T]):
    run: Callable[[Tx], T]
    future: Outcome[T]


_Done = tuple[_Work[Any], Tx, Any]


class Writer:
    """Runs write transactions one after the other on its own thread."""

    def __init__(self, path: Path, listeners: Listeners, clock: Clock) -> None:
        self._path = path
        self._listeners = listeners
        self._clock = clock
        self._work: queue.SimpleQueue[_Work[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._ended = False
        self.commits = 0
        """The number of commits that have changed something."""
        self.written_at: float | None = None
        """When the last of them was, by the monotonic clock; None if a write was refused since."""
        self.damage: str | None = None
        self._gate = threading.Lock()
        self._connection = connect_writer(path)
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._settled_changes = self._connection.total_changes
        """How many changed rows SQLite had counted when none was left to commit."""
        self.files = OpenFiles(path)
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread: threading.Thread | None = None
        self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="db-writer", daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[Tx], T]) -> "Future[T]":
        """Queue `run` as a transaction; the future is done once it is durable, or has failed.

        Work submitted from one thread is committed in the order it was submitted. Raises
        Unavailable once the writer is closed. The future raises what `run` raises, StorageError for
        an operational error of SQLite or a damaged file, and CancelledError if it was cancelled
        before it ran.
        """
        future: Future[T] = Future()
        self.submit_for(run, future)
        return future

    def submit_for(self, run: Callable[[Tx], T], outcome: Outcome[T]) -> None:
        """The same, telling `outcome`. Raises Unavailable once the writer is closed."""
        with self._gate:
            if self._closed:
                raise Unavailable("the database is closed")
            self._work.put(_Work(run, outcome))

    def close(self) -> None:
        """Finish what is queued, then close the connection, which checkpoints the WAL."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._work.put(None)
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while not self._ended:
            first = self._work.get()
            if first is None:
                break
            self._commit(first)
            del first  # what it holds may be large, and the next may be long in coming
        self._connection.close()

    def _gather(self, group: list[_Work[Any]]) -> None:
        """Add all queued work to the group."""
        # Only this thread takes from the queue, so that a non-empty queue stays non-empty.
        while len(group) < MAX_GROUP and not self._work.empty():
            work = self._work.get_nowait()
            if work is None:
                self._ended = True
                return
            if work.future.set_running_or_notify_cancel():
                group.append(work)

    def _commit(self, first: _Work[Any]) -> None:
        """Commit a group as a whole; if one transaction fails, again with each in a savepoint.

        Savepoints cost two statements each, and few transactions fail.
        """
        if not first.future.set_running_or_notify_cancel():
            return
        group = [first]
        self._gather(group)
        fault = self.files.fault()
        if fault is not None:
            self._roll_back(group, DatabaseGone.because(fault))
            return
        try:
            done = self._all_or_none(group)
            if done is None:
                done = self._each_by_itself(group)
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(group, error)
            return
        self._note_commit()
        _run_each(tx.after for _, tx, _ in done)
        # The last first: the claim that joined the commit is what the jobs wait for.
        for work, _, result in reversed(done):
            work.future.set_result(result)

    def _note_commit(self) -> None:
        changes = self._connection.total_changes
        if changes != self._settled_changes:
            self._settled_changes = changes
            self.commits += 1
            self.written_at = self._clock.monotonic()

    def _all_or_none(self, group: list[_Work[Any]]) -> list[_Done] | None:
        self._connection.execute("BEGIN IMMEDIATE")
        done: list[_Done] = []
        together = DeferredInserts(self._connection)
        try:
            self._run_all(group, done, together)
            heard = len(done)
            if _run_each(tx.before for _, tx, _ in done):
                self._gather(group)
                self._run_all(group[heard:], done, together)
            together.write()
            # The transactions that joined last may submit more work, which is part of the next
            # commit.
            _run_each(tx.before for _, tx, _ in done[heard:])
        except BaseException as error:
            if len(group) == 1 or not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK")
            self._settled_changes = self._connection.total_changes
            log.debug("group_run_again", error=str(error), transactions=len(group))
            return None
        return done

    def _run_all(
        self, works: list[_Work[Any]], done: list[_Done], together: DeferredInserts
    ) -> None:
        for work in works:
            tx = Tx(self._connection, self._listeners, together)
            done.append((work, tx, work.run(tx)))

    def _each_by_itself(self, group: list[_Work[Any]]) -> list[_Done]:
        self._connection.execute("BEGIN IMMEDIATE")
        done: list[_Done] = []
        for work in group:
            self._run_one(work, done)
        _run_each(tx.before for _, tx, _ in done)
        return done

    def _run_one(self, work: _Work[Any], done: list[_Done]) -> None:
        execute = self._connection.execute
        tx = Tx(self._connection, self._listeners)
        execute("SAVEPOINT work")
        before = self._connection.total_changes
        try:
            result = work.run(tx)
            tx.flush()
        except BaseException as error:
            if not self._connection.in_transaction:
                raise
            execute("ROLLBACK TO work")
            execute("RELEASE work")
            self._settled_changes += self._connection.total_changes - before
            work.future.set_exception(self._translated(error))
        else:
            execute("RELEASE work")
            done.append((work, tx, result))

    def _roll_back(self, group: list[_Work[Any]], error: BaseException) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        self._settled_changes = self._connection.total_changes
        if isinstance(error, sqlite3.Error | DatabaseGone):
            self.written_at = None
            # What a transaction raises itself is reported to its caller only.
            log.error("commit_failed", error=str(error), transactions=len(group))
        for work in group:
            if not work.future.done():
                work.future.set_exception(self._translated(error))

    def _translated(self, error: BaseException) -> BaseException:
        damaged = type(error) is sqlite3.DatabaseError
        if not damaged and not isinstance(error, sqlite3.OperationalError):
            return error
        self.written_at = None
        if damaged:
            self.damage = f"the database file is damaged: {error}"
        storage = StorageError(f"the database could not take the write: {error}")
        storage.__cause__ = error
        return storage


def _run_each(wanted: Iterable[list[Action]]) -> bool:
    """Run each of the actions once, logging errors; returns whether there were any."""
    ran: set[Action] = set()
    for action in chain.from_iterable(wanted):
        if action not in ran:
            ran.add(action)
            try:
                action()
            except Exception:
                log.exception("action_of_a_commit_failed")
    return bool(ran)
