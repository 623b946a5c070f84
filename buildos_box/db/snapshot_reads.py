"""Several reads in one step: on a thread of their own, on one consistent snapshot.

A job that reads ten small things would otherwise wake a thread for each of them, which takes longer
than the reads do.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from buildos_box.db.connect import SHRINK, connect_reader
from buildos_box.db.tx import Listeners, Tx
from buildos_box.errors import Unavailable
from buildos_box.thread_pool import ThreadPool

T = TypeVar("T")
THREADS = 2


class SnapshotReads:
    """Reading connections that are opened when they are needed first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPool("db-snapshot-read", THREADS)
        self._lock = threading.Lock()
        self._free: list[sqlite3.Connection] = []
        self._closed = False

    async def run(self, read: Callable[[Tx], T], may_open: Callable[[], None]) -> T:
        """What `read` returns; writing raises. `may_open` raises if no file may be opened now.

        Raises Unavailable once closed, and what `read` and `may_open` raise.
        """
        return await self._pool.run(self._read, read, may_open)

    def shrink(self) -> None:
        """Empty the page caches of connections that are not in use."""
        with self._lock:
            for connection in self._free:
                connection.execute(SHRINK)

    def close(self) -> None:
        """Close the connections; one that is in use is closed when its read ends."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for connection in free:
            connection.close()

    def _read(self, read: Callable[[Tx], T], may_open: Callable[[], None]) -> T:
        with self._lock:
            if self._closed:
                raise Unavailable("the database is closed")
            connection = self._free.pop() if self._free else None
        if connection is None:
            may_open()
            connection = connect_reader(self._path)
        try:
            connection.execute("BEGIN")
            try:
                return read(Tx(connection, Listeners()))
            finally:
                connection.rollback()
        finally:
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._free.append(connection)
                return
        connection.close()
