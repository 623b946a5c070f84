"""The shapes of CalDAV accounts over the API; passwords are in none of them."""

from collections.abc import Iterable

import msgspec

from buildos_box.db import Row


class CollectionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A calendar or task list of an account; `warnings` are those of its last reading."""

    id: str
    name: str
    url: str
    has_events: bool
    has_todos: bool
    reads_events: bool
    is_missing: bool
    """Whether the server no longer lists it; what came from it stays."""
    event_count: int
    project_id: str | None
    """Whose tasks its to-dos are."""
    todo_count: int
    warnings: list[str]

    @classmethod
    def of(cls, row: Row) -> "CollectionView":
        """The view of one row."""
        return cls(
            id=row["id"],
            name=row["name"],
            url=row["url"],
            has_events=bool(row["has_events"]),
            has_todos=bool(row["has_todos"]),
            reads_events=bool(row["reads_events"]),
            is_missing=bool(row["is_missing"]),
            event_count=row["event_count"],
            project_id=row["project_id"],
            todo_count=row["todo_count"],
            warnings=msgspec.json.decode(row["warnings"]),
        )


class AccountView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An account at a CalDAV server. `failures` counts those in a row, `error` is the last."""

    id: str
    user_id: str
    name: str
    url: str
    username: str
    is_active: bool
    status: str
    """`new`, `ok`, `failing`, `stopped` (the password was refused) or `paused`."""
    failures: int
    error: str | None
    next_sync_at: str | None
    last_sync_at: str | None
    last_success_at: str | None
    created_at: str
    updated_at: str
    collections: list[CollectionView]

    @classmethod
    def of(cls, row: Row, collections: Iterable[Row]) -> "AccountView":
        """The view of one row and those of its collections."""
        is_synced = row["is_active"] and not row["is_stopped"]
        return cls(
            id=row["id"],
            user_id=row["user_id"],
            name=row["name"],
            url=row["url"],
            username=row["username"],
            is_active=bool(row["is_active"]),
            status=_status(row),
            failures=row["failures"],
            error=row["error"],
            next_sync_at=row["next_sync_at"] if is_synced else None,
            last_sync_at=row["last_sync_at"],
            last_success_at=row["last_success_at"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            collections=[
                CollectionView.of(found)
                for found in collections
                if found["account_id"] == row["id"]
            ],
        )


def _status(row: Row) -> str:
    if not row["is_active"]:
        return "paused"
    if row["is_stopped"]:
        return "stopped"
    if row["failures"]:
        return "failing"
    return "ok" if row["last_success_at"] else "new"


class NewAccount(msgspec.Struct, frozen=True):
    """Any address of the server, the user name and an app password, and the account's name.

    The password is stored encrypted and never shown.
    """

    url: str
    username: str | None = None
    password: str | None = None
    name: str | None = None


class AccountChange(msgspec.Struct, frozen=True, rename="camel"):
    """The fields to change. A new password starts an account again that was stopped."""

    name: str | None = None
    is_active: bool | None = None
    password: str | None = None


class CollectionChange(msgspec.Struct, frozen=True, rename="camel"):
    """The fields to change. Events that are no longer read are deleted here.

    With `projectId` that project's tasks and the list's to-dos become the same; an empty one ends
    that, and both sides keep what they have.
    """

    reads_events: bool | None = None
    project_id: str | None = None


class AccountSync(msgspec.Struct, frozen=True, rename="camel"):
    """The job that syncs the account."""

    success: bool
    job_id: str
