"""The table of the collections of CalDAV accounts: calendars and task lists."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from buildos_box.calendars.caldav.discovery import Found
from buildos_box.calendars.caldav.store import Account
from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Collection:
    """A calendar or task list of an account; the source of its events."""

    id: str
    account_id: str
    user_id: str
    url: str
    name: str
    has_events: bool
    has_todos: bool
    reads_events: bool
    read_mark: str | None
    read_at: Instant | None
    project_id: str | None
    """Whose tasks its to-dos are."""

    @classmethod
    def of(cls, row: Row) -> "Collection":
        """The row as a struct."""
        return cls(
            id=row["id"],
            account_id=row["account_id"],
            user_id=row["user_id"],
            url=row["url"],
            name=row["name"],
            has_events=bool(row["has_events"]),
            has_todos=bool(row["has_todos"]),
            reads_events=bool(row["reads_events"]),
            read_mark=row["read_mark"],
            read_at=from_text(row["read_at"]) if row["read_at"] else None,
            project_id=row["project_id"],
        )


async def collection_rows(db: Database, account_ids: Sequence[str]) -> list[Row]:
    """The rows of these accounts' collections, in the order in which they were found."""
    return await db.all(
        """SELECT c.* FROM json_each(?) j JOIN caldav_collections c ON c.account_id = j.value
            ORDER BY c.seq""",
        (json.dumps(list(account_ids)),),
    )


def collections(tx: Tx, account_id: str) -> list[Collection]:
    """An account's collections."""
    rows = tx.all(
        "SELECT * FROM caldav_collections WHERE account_id = ? ORDER BY seq", (account_id,)
    )
    return [Collection.of(row) for row in rows]


def find_collection(tx: Tx, account_id: str, collection_id: str) -> Collection | None:
    """A collection of that account; None if it has no such collection."""
    row = tx.one(
        "SELECT * FROM caldav_collections WHERE id = ? AND account_id = ?",
        (collection_id, account_id),
    )
    return Collection.of(row) if row else None


def note_listed(
    tx: Tx, account: Account, listed: Sequence[tuple[str, Found]], *, reads_events: bool
) -> None:
    """Store what the server lists, each with an id for one that is new; none is ever deleted.

    `reads_events` says whether the events of new ones are read.
    """
    tx.execute("UPDATE caldav_collections SET is_missing = 1 WHERE account_id = ?", (account.id,))
    tx.executemany(
        """INSERT INTO caldav_collections (id, account_id, user_id, url, name, has_events,
                                           has_todos, reads_events)
           VALUES (:id, :account, :user, :url, :name, :events, :todos, :reads)
           ON CONFLICT (account_id, url) DO UPDATE SET name = excluded.name, is_missing = 0,
                  has_events = excluded.has_events, has_todos = excluded.has_todos""",
        [
            {
                "id": collection_id,
                "account": account.id,
                "user": account.user_id,
                "url": found.url,
                "name": found.name,
                "events": int(found.has_events),
                "todos": int(found.has_todos),
                "reads": int(found.has_events and reads_events),
            }
            for collection_id, found in listed
        ],
    )


def set_reads_events(tx: Tx, collection_id: str, *, reads: bool) -> None:
    """Store whether a collection's events are read; the next reading is of all of them."""
    tx.execute(
        """UPDATE caldav_collections SET reads_events = ?, read_mark = NULL, event_count = 0
            WHERE id = ?""",
        (int(reads), collection_id),
    )


def record_read(
    tx: Tx, collection_id: str, *, mark: str, events: int, warnings: list[str], now: Instant
) -> None:
    """Record the events that were read, with the server's mark for them."""
    tx.execute(
        """UPDATE caldav_collections SET read_mark = :mark, read_at = :now, event_count = :events,
                  warnings = :warnings
            WHERE id = :id""",
        {
            "id": collection_id,
            "mark": mark,
            "now": to_text(now),
            "events": events,
            "warnings": json.dumps(warnings),
        },
    )
