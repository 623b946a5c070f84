"""Everything that is stored about one user, found by the schema itself.

A table belongs to a user if it has a `user_id`, or refers to a table that does, so that new tables
are part of every export and of the test of erasure without a line here.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from buildos_box.db import Database, Row
from buildos_box.url_masking import masked_url

NOT_EXPORTED = frozenset({"realtime_tickets"})
"""Short-lived keys of which only hashes are stored."""
SECRET_COLUMNS = frozenset(
    {"hash", "unsubscribe_hash", "tracking_id", "auth", "p256dh", "lease_token"}
    | {"sealed_password"}
)
SECRET_URLS = {"calendar_feeds": "url", "push_subscriptions": "endpoint"}
"""By table, the column with addresses that open something for whoever knows them."""
Rows = dict[str, list[dict[str, Any]]]


async def everything_of(db: Database, user_id: str) -> Rows:
    """Every row of that user by table, without tables of keys.

    Of secret addresses only the host is shown: no read returns what opens something.
    """
    found: Rows = {}
    for table, condition in (await _tables(db)).items():
        if table in NOT_EXPORTED:
            continue
        rows = await db.all(
            f"SELECT * FROM {_quoted(table)} WHERE {condition}",  # noqa: S608 (names of the schema)
            {"user": user_id},
        )
        found[table] = [_shown(table, row) for row in rows]
    return found


def _shown(table: str, row: Row) -> dict[str, Any]:
    values = {name: row[name] for name in row.keys() if name not in SECRET_COLUMNS}  # noqa: SIM118
    address = SECRET_URLS.get(table)
    if address is not None:
        values[address] = masked_url(values[address])
    return values


def secret_urls(database: Path) -> dict[str, dict[str, str]]:
    """By table and id, the secret addresses in a database file, which is only read.

    For the command line of the machine that has the file. Raises sqlite3.Error.
    """
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    with contextlib.closing(connection):
        return {
            table: dict(
                connection.execute(f"SELECT id, {column} FROM {table}")  # noqa: S608 (constants)
            )
            for table, column in SECRET_URLS.items()
        }


async def _tables(db: Database) -> dict[str, str]:
    """The tables with users' data, and the condition by which a row belongs to a user."""
    names = [
        str(row["name"])
        for row in await db.all(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " ORDER BY name"
        )
    ]
    conditions = {"users": "id = :user"}
    for name in names:
        columns = await db.all("SELECT name FROM pragma_table_info(?)", (name,))
        if "user_id" in {row["name"] for row in columns}:
            conditions[name] = "user_id = :user"
    links = {
        name: await db.all(
            'SELECT "from" AS here, "table" AS parent, "to" AS there'
            " FROM pragma_foreign_key_list(?)",
            (name,),
        )
        for name in names
    }
    grown = True
    while grown:
        grown = False
        for name, keys in links.items():
            key = next((k for k in keys if k["parent"] in conditions), None)
            if name in conditions or key is None:
                continue
            parent = key["parent"]
            inner = f"SELECT {_quoted(key['there'])} FROM {_quoted(parent)}"  # noqa: S608
            conditions[name] = f"{_quoted(key['here'])} IN ({inner} WHERE {conditions[parent]})"
            grown = True
    return conditions


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
