"""Everything that is stored about one user, found by the schema itself.

A table belongs to a user if it has a `user_id`, or refers to a table that does, so that new tables
are part of every export and of the test of erasure without a line here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildos_box.db.snapshot import own_tables, reading

if TYPE_CHECKING:
    from sqlite_utils import Database

NOT_EXPORTED = frozenset({"realtime_tickets"})
"""Short-lived keys of which only hashes are stored."""
SECRET_COLUMNS = frozenset(
    {"hash", "unsubscribe_hash", "tracking_id", "auth", "p256dh", "lease_token"}
    | {"sealed_password", "target"}
)
SECRET_URLS = {"calendar_feeds": "url", "push_subscriptions": "endpoint"}
"""By table, the column with addresses that open something for whoever knows them.

Of these only the host may be shown: no read returns what opens something.
"""


class UserData:
    """The rows of one user, by table, as of one instant."""

    def __init__(self, db: "Database", user_id: str) -> None:
        self._connection = db.conn
        self._user = {"user": user_id}
        self._layout = _layout_of(db)
        self.tables = frozenset(self._layout)
        """The tables with users' data."""

    @classmethod
    @contextmanager
    def reading(cls, path: Path, user_id: str) -> Iterator["UserData"]:
        """What the file holds at this instant. Raises FileNotFoundError, sqlite3.Error."""
        with reading(path) as db:
            yield cls(db, user_id)

    @property
    def is_there(self) -> bool:
        """Whether there is such a user."""
        return any(self.rows("users", ("id",)))

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of the table's columns."""
        return self._layout[table].columns

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The user's rows of that table, read as they are asked for."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        names, condition = ", ".join(f'"{name}"' for name in columns), self._layout[table].condition
        return cursor.execute(f'SELECT {names} FROM "{table}" WHERE {condition}', self._user)  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Layout:
    columns: tuple[str, ...]
    condition: str


_layouts: dict[str, dict[str, _Layout]] = {}
"""By the text of the schema, of the one that was read last: to find it takes some milliseconds."""


def _layout_of(db: "Database") -> dict[str, _Layout]:
    """The tables with users' data."""
    schema = str(db.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()[0])
    found = _layouts.get(schema)
    if found is None:
        found = {
            name: _Layout(tuple(db.table(name).columns_dict), condition)
            for name, condition in conditions_of(db).items()
        }
        _layouts.clear()
        _layouts[schema] = found
    return found


def secret_urls(database: Path) -> dict[str, dict[str, str]]:
    """By table and id, the secret addresses in a database file, which is only read.

    For the command line of the machine that has the file. Raises FileNotFoundError, sqlite3.Error.
    """
    with reading(database) as db:
        return {
            table: {row["id"]: row[column] for row in db.table(table).rows}
            for table, column in SECRET_URLS.items()
        }


def conditions_of(db: "Database") -> dict[str, str]:
    """The tables with users' data, and the condition by which a row belongs to a user."""
    tables = own_tables(db)
    conditions = {"users": "id = :user"} | {
        table.name: "user_id = :user" for table in tables if "user_id" in table.columns_dict
    }
    grown = True
    while grown:
        grown = False
        for table in tables:
            keys = table.foreign_keys if table.name not in conditions else []
            key = next((key for key in keys if key.other_table in conditions), None)
            if key is not None:
                inner = f'SELECT "{key.other_column}" FROM "{key.other_table}"'  # noqa: S608
                owned = conditions[key.other_table]
                conditions[table.name] = f'"{key.column}" IN ({inner} WHERE {owned})'
                grown = True
    return conditions
