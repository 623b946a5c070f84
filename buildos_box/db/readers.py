"""Reads: a few aiosqlite connections, which see only committed data, and one for single rows."""

import sqlite3
import threading
from pathlib import Path

import aiosqlite

from buildos_box.db.connect import connect_reader, reader_pragmas
from buildos_box.db.tx import Params, Row

POOL_SIZE = 3


class Readers:
    """Read-only connections, shared by every event loop of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connections: list[aiosqlite.Connection] = []
        self._busy: list[int] = []
        self._by_key: sqlite3.Connection | None = None
        self._by_key_lock = threading.Lock()

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
        self._by_key = connect_reader(self._path, busy_ms=0)

    def by_key(self, sql: str, params: Params = ()) -> Row | None:
        """The row that a query by a unique key finds, read on the calling thread.

        Such a row is read in less time than a thread takes to wake. Raises sqlite3.OperationalError
        at once if the file is locked.
        """
        with self._by_key_lock:
            if self._by_key is None:
                raise sqlite3.OperationalError("the database is closed")
            rows = self._by_key.execute(sql, params).fetchall()
        return rows[0] if rows else None

    async def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of one query, run by the least busy connection."""
        index = min(range(len(self._busy)), key=self._busy.__getitem__)
        self._busy[index] += 1
        try:
            return list(await self._connections[index].execute_fetchall(sql, params))
        finally:
            self._busy[index] -= 1

    async def close(self) -> None:
        """Close the connections after the queries that are running."""
        with self._by_key_lock:
            if self._by_key is not None:
                self._by_key.close()
                self._by_key = None
        connections, self._connections, self._busy = self._connections, [], []
        for connection in connections:
            await connection.close()
