"""A write transaction as the rooms see it."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Row = sqlite3.Row
Params = Mapping[str, Any] | Sequence[Any]
C = TypeVar("C")
ROWS_AT_ONCE = 32
"""Few forms of a statement, so that all stay prepared."""

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


class Together:
    """Rows that the transactions of one commit have to insert: a statement for many at a time."""

    __slots__ = ("_connection", "_rows")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[str, list[Sequence[Any]]] = {}

    def add(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        """Keep them until `write`."""
        self._rows.setdefault(insert, []).extend(rows)

    def write(self) -> None:
        """Insert all rows."""
        waiting, self._rows = self._rows, {}
        for insert, rows in waiting.items():
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                values = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
                self._connection.execute(
                    f"{insert} {values}", [value for row in some for value in row]
                )


class Tx:
    """One unit of writes: all of it is committed, or none.

    Functions that take a `Tx` do SQL only, no I/O and no waiting, since every other writer of
    the process waits for them. They leave nothing behind but their result: when another
    transaction of the same group fails, they are rolled back and run again.
    """

    __slots__ = ("_connection", "_listeners", "_together", "after")

    def __init__(
        self,
        connection: sqlite3.Connection,
        listeners: Listeners,
        together: "Together | None" = None,
    ) -> None:
        self._connection = connection
        self._listeners = listeners
        self._together = Together(connection) if together is None else together
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

    def insert_together(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert these rows with all others of the commit, just before it, in their order.

        `insert` is `INSERT INTO table (columns) VALUES`, and each row has a value for each
        column. For rows that nothing in the transaction reads or refers to before `settle`.
        """
        self._together.add(insert, rows)

    def settle(self) -> None:
        """Write what `insert_together` was given so far."""
        self._together.write()

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` on the writer's thread once this is durable; it must not block.

        The same action, asked for by several transactions that one commit takes, runs once.
        """
        self.after.append(action)
