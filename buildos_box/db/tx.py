"""Write transactions: SQL, deferred inserts, and announcing changes to listeners."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

Row = sqlite3.Row
Params = Mapping[str, Any] | Sequence[Any]
C = TypeVar("C")
ROWS_AT_ONCE = 32
"""A fixed number of rows, so that there are few statements and all stay prepared."""

Listener = Callable[["Tx", Any], None]


class Listeners:
    """The functions that are called for each type of change."""

    def __init__(self) -> None:
        self._by_type: dict[type, list[Listener]] = defaultdict(list)

    def subscribe(self, change: type[C], listener: Callable[["Tx", C], None]) -> None:
        """Call `listener(tx, change)` in every transaction that announces such a change."""
        self._by_type[change].append(listener)

    def notify(self, tx: "Tx", change: object) -> None:
        """Call the listeners now, in the transaction; if one raises, all of it is rolled back."""
        for listener in self._by_type[type(change)]:
            listener(tx, change)


@lru_cache(maxsize=256)
def _many(insert: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{insert} {', '.join([row] * rows)}"


class DeferredInserts:
    """Rows that the transactions of one commit insert, many per statement.

    Each statement releases the interpreter lock and has to wait for it again, which costs more than
    most rows do.
    """

    __slots__ = ("_connection", "_next", "_rows")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[str, list[Sequence[Any]]] = {}
        self._next: list[tuple[str, Sequence[Any], Callable[[int], None]]] = []

    def add(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows that are inserted at `write`."""
        self._rows.setdefault(insert, []).extend(rows)

    def add_next(self, insert: str, row: Sequence[Any], then: Callable[[int], None]) -> None:
        """Add a row that is inserted before the next other statement."""
        self._next.append((insert, row, then))

    def write_next(self) -> None:
        """Insert the rows that other statements may depend on, in the order they were added."""
        while self._next:
            waiting, self._next = self._next, []
            for insert, same in groupby(waiting, key=itemgetter(0)):
                rows = list(same)
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    self._insert_next(insert, rows[start : start + ROWS_AT_ONCE])

    def _insert_next(
        self, insert: str, some: list[tuple[str, Sequence[Any], Callable[[int], None]]]
    ) -> None:
        statement = f"{_many(insert, len(some[0][1]), len(some))} RETURNING rowid"
        found = self._connection.execute(statement, [value for _, row, _ in some for value in row])
        # RETURNING may give the ids in another order than that of the rows.
        ids = sorted(row_id for (row_id,) in found)
        for (_, _, then), row_id in zip(some, ids, strict=True):
            then(row_id)

    def write(self) -> None:
        """Insert all rows."""
        self.write_next()
        waiting, self._rows = self._rows, {}
        for insert, rows in waiting.items():
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                statement = _many(insert, len(some[0]), len(some))
                self._connection.execute(statement, [value for row in some for value in row])

    @property
    def is_awaited(self) -> bool:
        """Whether there are rows that must be inserted before any other statement."""
        return bool(self._next)


class Tx:
    """One unit of writes: all of it is committed, or none.

    Functions that take a `Tx` do SQL only, without I/O or waiting, because every other writer waits
    for them. They must have no effect but their writes and their result: if another transaction of
    the same group fails, they are rolled back and run again.
    """

    __slots__ = ("_connection", "_deferred", "_listeners", "after", "before")

    def __init__(
        self,
        connection: sqlite3.Connection,
        listeners: Listeners,
        deferred: "DeferredInserts | None" = None,
    ) -> None:
        self._connection = connection
        self._listeners = listeners
        self._deferred = DeferredInserts(connection) if deferred is None else deferred
        self.after: list[Callable[[], None]] = []
        self.before: list[Callable[[], None]] = []

    def execute(self, sql: str, params: Params = ()) -> sqlite3.Cursor:
        """Run one statement with bound parameters."""
        if self._deferred.is_awaited:
            self._deferred.write_next()
        return self._connection.execute(sql, params)

    def executemany(self, sql: str, params: Sequence[Params]) -> sqlite3.Cursor:
        """Run one statement once for each set of parameters."""
        self._deferred.write_next()
        return self._connection.executemany(sql, params)

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None."""
        row: Row | None = self.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row."""
        return self.execute(sql, params).fetchall()

    def announce(self, change: object) -> None:
        """Call the listeners of a change; they act in this same transaction."""
        self._listeners.notify(self, change)

    def insert_deferred(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert these rows together with others of the commit, just before it, in their order.

        `insert` is `INSERT INTO table (columns) VALUES`; each row has a value for each column. For
        rows that nothing in the transaction reads or refers to before `flush`.
        """
        self._deferred.add(insert, rows)

    def insert_deferred_with_id(
        self, insert: str, row: Sequence[Any], then: Callable[[int], None] = lambda _id: None
    ) -> None:
        """Insert this row before the next other statement of the commit, then call `then(id)`.

        Consecutive rows, also of several transactions, are inserted by one statement. `insert` is
        as in `insert_deferred`, without the row's id, which SQLite assigns.
        """
        self._deferred.add_next(insert, row, then)

    def flush(self) -> None:
        """Insert what was deferred so far."""
        self._deferred.write()

    def before_commit(self, action: Callable[[], None]) -> None:
        """Run `action` on the writer's thread before this is committed; it must not block.

        It may submit another transaction, which sees this one and usually shares its commit. The
        same action runs once for all transactions of a commit, also if some are rolled back.
        """
        self.before.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` on the writer's thread once this is durable; it must not block.

        The same action of several transactions of one commit runs once.
        """
        self.after.append(action)
