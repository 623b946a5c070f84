"""Everything that is stored about one user, found by the schema itself.

A table belongs to a user if it has a `user_id`, or refers to a table that does, so that new tables
are part of every export and of the test of erasure without a line here.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildos_box.db.snapshot import own_tables, reading
from buildos_box.url_masking import masked_url

if TYPE_CHECKING:
    from sqlite_utils import Database

NOT_EXPORTED = frozenset({"realtime_tickets"})
"""Short-lived keys of which only hashes are stored."""
SECRET_COLUMNS = frozenset(
    {"hash", "unsubscribe_hash", "tracking_id", "auth", "p256dh", "lease_token"}
    | {"sealed_password", "target"}
)
SECRET_URLS = {"calendar_feeds": "url", "push_subscriptions": "endpoint"}
"""By table, the column with addresses that open something for whoever knows them."""
Rows = dict[str, list[dict[str, Any]]]


def everything_of(path: Path, user_id: str) -> Rows:
    """Every row of that user by table, as of one instant, without tables of keys.

    Of secret addresses only the host is shown: no read returns what opens something. It blocks:
    call it in a thread. Raises sqlite3.Error.
    """
    with reading(path) as db:
        return {
            name: [
                _shown(name, row) for row in db.table(name).rows_where(condition, {"user": user_id})
            ]
            for name, condition in conditions_of(db).items()
            if name not in NOT_EXPORTED
        }


def _shown(table: str, row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in row.items() if name not in SECRET_COLUMNS}
    address = SECRET_URLS.get(table)
    if address is not None:
        values[address] = masked_url(values[address])
    return values


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
