"""A write transaction as the rooms see it."""

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
"""Few forms of a statement, so that all stay prepared."""

Listener = Callable[["Tx", Any], None]


class Listeners:
    """Who wants to hear of which typed change."""

    def __init__(self) -> None:
        self._by_type: dict[type, list[Listener]] = defaultdict(list)

    def subscribe(self, change: type[C], listener: Callable[["Tx", C], None]) -> None:
        """Call `listener(tx, change)` inside every transaction that announces such a change."""
        self._by_type[change].append(listener)

    def tell(self, tx: "Tx", change: object) -> None:
        """Run the listeners now, in the transaction: if one raises, the whole is rolled back."""
        for listener in self._by_type[type(change)]:
            listener(tx, change)


@lru_cache(maxsize=256)
def _many(insert: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{insert} {', '.join([row] * rows)}"


class DeferredInserts:
    """Rows that the transactions of one commit have to insert: a statement for many at a time.

    Each statement hands the interpreter to other threads and has to wait for it again, which
    costs more than most rows do.
    """

    __slots__ = ("_connection", "_next", "_rows")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[str, list[Sequence[Any]]] = {}
        self._next: list[tuple[str, Sequence[Any], Callable[[int], None]]] = []

    def add(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        """Keep them until `write`."""
        self._rows.setdefault(insert, []).extend(rows)

    def add_next(self, insert: str, row: Sequence[Any], then: Callable[[int], None]) -> None:
        """Keep it until `write_next`."""
        self._next.append((insert, row, then))

    def write_next(self) -> None:
        """Insert what must be there before any other statement runs, in the order it came."""
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
        # Ids are given in the order of the rows, though they may come back in another.
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
        """Whether there is something that must be written before any other statement."""
        return bool(self._next)


class Tx:
    """One unit of writes: all of it is committed, or none.

    Functions that take a `Tx` do SQL only, no I/O and no waiting, since every other writer of
    the process waits for them. They leave nothing behind but their result: when another
    transaction of the same group fails, they are rolled back and run again.
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
        """Tell the rooms above of a typed change; they act in this same transaction."""
        self._listeners.tell(self, change)

    def insert_deferred(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert these rows with all others of the commit, just before it, in their order.

        `insert` is `INSERT INTO table (columns) VALUES`, and each row has a value for each
        column. For rows that nothing in the transaction reads or refers to before `flush`.
        """
        self._deferred.add(insert, rows)

    def insert_deferred_with_id(
        self, insert: str, row: Sequence[Any], then: Callable[[int], None] = lambda _id: None
    ) -> None:
        """Insert this row before any other statement of the commit runs; then call `then(id)`.

        Rows that follow each other, of this transaction or of the next, go in deferred: a burst
        of new jobs is a few statements. `insert` is as in `insert_deferred` and leaves the
        choice of the row's id to SQLite.
        """
        self._deferred.add_next(insert, row, then)

    def flush(self) -> None:
        """Write what `insert_deferred` was given so far."""
        self._deferred.write()

    def before_commit(self, action: Callable[[], None]) -> None:
        """Run `action` on the writer's thread before this is committed; it must not block.

        It may submit another transaction, which sees this one and mostly shares its commit. The
        same action runs once for all transactions of a commit, and may run in vain.
        """
        self.before.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` on the writer's thread once this is durable; it must not block.

        The same action, asked for by several transactions that one commit takes, runs once.
        """
        self.after.append(action)
