"""Reads: a few aiosqlite connections, which see only committed data."""

from pathlib import Path

import aiosqlite

from buildos_box.db.connect import READER_PRAGMAS
from buildos_box.db.tx import Params, Row

POOL_SIZE = 3


class Readers:
    """Read-only connections, shared by every event loop of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connections: list[aiosqlite.Connection] = []
        self._busy: list[int] = []

    async def open(self) -> None:
        """Open the connections. Raises sqlite3.Error."""
        for _ in range(POOL_SIZE):
            connection = await aiosqlite.connect(
                self._path, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = Row
            for pragma in READER_PRAGMAS:
                await connection.execute(f"PRAGMA {pragma}")
            self._connections.append(connection)
            self._busy.append(0)

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
        connections, self._connections, self._busy = self._connections, [], []
        for connection in connections:
            await connection.close()
