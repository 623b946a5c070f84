"""A write transaction as the rooms see it."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Row = sqlite3.Row
Params = Mapping[str, Any] | Sequence[Any]
C = TypeVar("C")
Listener = Callable[["Tx", Any], None]


class Listeners:
    """Who wants to hear of which typed change (design: news travels up without calls up)."""

    def __init__(self) -> None:
        self._by_type: dict[type, list[Listener]] = defaultdict(list)

    def subscribe(self, change: type[C], listener: Callable[["Tx", C], None]) -> None:
        """Call `listener(tx, change)` inside every transaction that announces such a change."""
        self._by_type[change].append(listener)

    def tell(self, tx: "Tx", change: object) -> None:
        """Run the listeners now, in the transaction: if one raises, the whole is rolled back."""
        for listener in self._by_type[type(change)]:
            listener(tx, change)


class Tx:
    """One unit of writes: all of it is committed, or none.

    Functions that take a `Tx` do SQL only, no I/O and no waiting, since every other writer of
    the process waits for them. They leave nothing behind but their result: when another
    transaction of the same group fails, they are rolled back and run again.
    """

    __slots__ = ("_connection", "_listeners", "after")

    def __init__(self, connection: sqlite3.Connection, listeners: Listeners) -> None:
        self._connection = connection
        self._listeners = listeners
        self.after: list[Callable[[], None]] = []

    def execute(self, sql: str, params: Params = ()) -> sqlite3.Cursor:
        """Run one statement with bound parameters."""
        return self._connection.execute(sql, params)

    def executemany(self, sql: str, params: Sequence[Params]) -> sqlite3.Cursor:
        """Run one statement once for each set of parameters."""
        return self._connection.executemany(sql, params)

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row."""
        return self._connection.execute(sql, params).fetchall()

    def announce(self, change: object) -> None:
        """Tell the rooms above of a typed change; they act in this same transaction."""
        self._listeners.tell(self, change)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` on the writer's thread once this is durable; it must not block.

        The same action, asked for by several transactions that one commit takes, runs once.
        """
        self.after.append(action)
