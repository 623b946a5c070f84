"""Reads: a few aiosqlite connections, which see only committed data, and one for single rows."""

import sqlite3
import threading
from pathlib import Path

import aiosqlite

from buildos_box.db.connect import SHRINK, connect_reader, reader_pragmas
from buildos_box.db.tx import Params, Row
from buildos_box.errors import Unavailable

POOL_SIZE = 3
CLOSED = "the database is closed"


class Readers:
    """Read-only connections, shared by every event loop of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connections: list[aiosqlite.Connection] = []
        self._busy: list[int] = []
        self._few: sqlite3.Connection | None = None
        self._few_lock = threading.Lock()

    async def open(self) -> None:
        """Open the connections. Raises sqlite3.Error."""
        for _ in range(POOL_SIZE):
            connection = await aiosqlite.connect(
                self._path, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = Row
            for pragma in reader_pragmas():
                await connection.execute(f"PRAGMA {pragma}")
            self._connections.append(connection)
            self._busy.append(0)
        self._few = connect_reader(self._path, busy_ms=0)

    def few(self, sql: str, params: Params = ()) -> list[Row]:
        """The rows that a query finds by an index, at most a page of them, on the calling thread.

        They are read in less time than a thread takes to wake. Raises sqlite3.OperationalError at
        once if the file is locked, Unavailable once closed.
        """
        with self._few_lock:
            if self._few is None:
                raise Unavailable(CLOSED)
            return self._few.execute(sql, params).fetchall()

    async def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of one query, run by the least busy connection.

        Raises Unavailable once closed.
        """
        connections, busy = self._connections, self._busy
        if not connections:
            raise Unavailable(CLOSED)
        index = min(range(len(busy)), key=busy.__getitem__)
        busy[index] += 1
        try:
            return list(await connections[index].execute_fetchall(sql, params))
        except ValueError as error:
            # What aiosqlite says of a connection that was closed before the query's turn came.
            if self._connections is connections:
                raise
            raise Unavailable(CLOSED) from error
        finally:
            busy[index] -= 1

    async def shrink(self) -> None:
        """Empty the page caches."""
        with self._few_lock:
            if self._few is not None:
                self._few.execute(SHRINK)
        for connection in list(self._connections):
            await connection.execute_fetchall(SHRINK)

    async def close(self) -> None:
        """Close the connections after the queries that are running."""
        with self._few_lock:
            if self._few is not None:
                self._few.close()
                self._few = None
        connections, self._connections, self._busy = self._connections, [], []
        for connection in connections:
            await connection.close()
