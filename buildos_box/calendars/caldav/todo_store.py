"""The table of to-dos and their tasks, and what of collections is about them."""

import json
from collections.abc import Collection as Some
from dataclasses import dataclass
from typing import Any

from buildos_box.calendars.caldav.collection_store import Collection
from buildos_box.calendars.caldav.todo_merge import Values
from buildos_box.db import Row, Tx

NEW, LINKED, DELETED = "new", "linked", "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """A to-do and its task.

    `new` is not known to be at the server or, with an ETag, was not listed there yet; a `deleted`
    one is to be deleted there. `data` is the
    server's text; `there` and `here` are both sides' values when they were last the same. `sent`
    are the to-do's values that were on their way there, `sent_here` the task's from then.
    """

    collection_id: str
    user_id: str
    task_id: str
    uid: str
    url: str
    state: str = NEW
    etag: str | None = None
    data: str | None = None
    there: Values | None = None
    here: Values | None = None
    sent: Values | None = None
    sent_here: Values | None = None

    @classmethod
    def of(cls, row: Row) -> "Todo":
        """The row as a struct."""
        return cls(
            collection_id=row["collection_id"],
            user_id=row["user_id"],
            task_id=row["task_id"],
            uid=row["uid"],
            url=row["url"],
            state=row["state"],
            etag=row["etag"],
            data=row["data"],
            there=_read(row["there"]),
            here=_read(row["here"]),
            sent=_read(row["sent"]),
            sent_here=_read(row["sent_here"]),
        )


def _read(text: str | None) -> Values | None:
    return None if text is None else json.loads(text)


def _written(values: Values | None) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False)


def save(tx: Tx, todo: Todo) -> None:
    """Store it, in place of what was stored for its task."""
    values: dict[str, Any] = {
        "collection": todo.collection_id,
        "user": todo.user_id,
        "task": todo.task_id,
        "uid": todo.uid,
        "url": todo.url,
        "state": todo.state,
        "etag": todo.etag,
        "data": todo.data,
        "there": _written(todo.there),
        "here": _written(todo.here),
        "sent": _written(todo.sent),
        "sent_here": _written(todo.sent_here),
    }
    tx.execute(
        """INSERT INTO caldav_todos (collection_id, user_id, task_id, uid, url, state, etag, data,
                                     there, here, sent, sent_here)
           VALUES (:collection, :user, :task, :uid, :url, :state, :etag, :data, :there, :here,
                   :sent, :sent_here)
           ON CONFLICT (task_id) DO UPDATE
              SET url = :url, uid = :uid, state = :state, etag = :etag, data = :data,
                  there = :there, here = :here, sent = :sent, sent_here = :sent_here""",
        values,
    )


def unlisted(tx: Tx, collection_id: str) -> list[str]:
    """The addresses of to-dos that were stored at the server and not listed by it since."""
    rows = tx.all(
        """SELECT url FROM caldav_todos
            WHERE collection_id = ? AND state = 'new' AND etag IS NOT NULL""",
        (collection_id,),
    )
    return [row["url"] for row in rows]


def was_listed(tx: Tx, collection_id: str, urls: Some[str]) -> None:
    """Store that the server lists what is known to be at these addresses."""
    tx.execute(
        """UPDATE caldav_todos SET state = 'linked'
            WHERE collection_id = ? AND state = 'new' AND etag IS NOT NULL
              AND url IN (SELECT value FROM json_each(?))""",
        (collection_id, json.dumps(sorted(urls))),
    )


def set_state(tx: Tx, task_id: str, state: str) -> None:
    """Store what is known of a task's to-do."""
    tx.execute("UPDATE caldav_todos SET state = ? WHERE task_id = ?", (state, task_id))


def drop(tx: Tx, todo: Todo) -> None:
    """Forget a to-do: neither side changes."""
    tx.execute("DELETE FROM caldav_todos WHERE task_id = ?", (todo.task_id,))


def drop_all(tx: Tx, collection_id: str) -> None:
    """Forget a list's to-dos, and how far it was read."""
    tx.execute("DELETE FROM caldav_todos WHERE collection_id = ?", (collection_id,))
    set_token(tx, collection_id, None)


def all_of(tx: Tx, collection_id: str) -> list[Todo]:
    """A list's to-dos, oldest first."""
    rows = tx.all(
        "SELECT * FROM caldav_todos WHERE collection_id = ? ORDER BY seq", (collection_id,)
    )
    return [Todo.of(row) for row in rows]


def at(tx: Tx, collection_id: str, urls: Some[str]) -> dict[str, Todo]:
    """A list's to-dos at these addresses, by address."""
    rows = tx.all(
        """SELECT t.* FROM json_each(?) j
             JOIN caldav_todos t ON t.url = j.value AND t.collection_id = ?""",
        (json.dumps(sorted(urls)), collection_id),
    )
    return {row["url"]: Todo.of(row) for row in rows}


def of_uid(tx: Tx, collection_id: str, uid: str) -> Todo | None:
    """A list's to-do of that UID; None if there is none."""
    row = tx.one(
        "SELECT * FROM caldav_todos WHERE collection_id = ? AND uid = ?", (collection_id, uid)
    )
    return Todo.of(row) if row else None


def of_task(tx: Tx, task_id: str) -> Todo | None:
    """The to-do of a task; None if it has none."""
    row = tx.one("SELECT * FROM caldav_todos WHERE task_id = ?", (task_id,))
    return Todo.of(row) if row else None


def kept_elsewhere(tx: Tx, tasks: Some[tuple[str, str]]) -> set[str]:
    """Those of the tasks, each with its project, that have a to-do or whose project has a list."""
    with_todo = tx.all(
        "SELECT task_id FROM caldav_todos WHERE task_id IN (SELECT value FROM json_each(?))",
        (json.dumps([task for task, _ in tasks]),),
    )
    with_list = tx.all(
        """SELECT project_id FROM caldav_collections
            WHERE project_id IN (SELECT value FROM json_each(?))""",
        (json.dumps(sorted({project for _, project in tasks})),),
    )
    projects = {row["project_id"] for row in with_list}
    found = {row["task_id"] for row in with_todo}
    return found | {task for task, project in tasks if project in projects}


def token_of(tx: Tx, collection_id: str) -> str | None:
    """How far a list was read: the server's sync token or mark; None for not at all."""
    row = tx.one("SELECT todo_token FROM caldav_collections WHERE id = ?", (collection_id,))
    return row["todo_token"] if row else None


def set_token(tx: Tx, collection_id: str, token: str | None) -> None:
    """Store how far a list was read, and how many to-dos it has."""
    tx.execute(
        """UPDATE caldav_collections SET todo_token = :token,
                  todo_count = (SELECT count(*) FROM caldav_todos WHERE collection_id = :id)
            WHERE id = :id""",
        {"id": collection_id, "token": token},
    )


def set_project(tx: Tx, collection_id: str, project_id: str | None) -> None:
    """Store whose tasks a list's to-dos are."""
    tx.execute(
        "UPDATE caldav_collections SET project_id = ? WHERE id = ?", (project_id, collection_id)
    )


def list_of_project(tx: Tx, project_id: str) -> Collection | None:
    """The list whose to-dos are that project's tasks; None if there is none."""
    row = tx.one("SELECT * FROM caldav_collections WHERE project_id = ?", (project_id,))
    return Collection.of(row) if row else None


def collection(tx: Tx, collection_id: str) -> Collection | None:
    """The collection of that id; None if there is none."""
    row = tx.one("SELECT * FROM caldav_collections WHERE id = ?", (collection_id,))
    return Collection.of(row) if row else None


def bytes_of_user(tx: Tx, user_id: str) -> int:
    """The bytes of all to-dos' texts of a user."""
    row = tx.one(
        "SELECT sum(length(CAST(data AS BLOB))) FROM caldav_todos WHERE user_id = ?", (user_id,)
    )
    return int(row[0] or 0) if row else 0


def count_lists(tx: Tx, user_id: str) -> int:
    """The number of a user's lists whose to-dos are tasks."""
    row = tx.one(
        "SELECT count(*) FROM caldav_collections WHERE user_id = ? AND project_id IS NOT NULL",
        (user_id,),
    )
    return int(row[0]) if row else 0
