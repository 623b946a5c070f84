"""Which change is announced for which write."""

from collections.abc import Sequence

from buildos_box.db import Row, Tx
from buildos_box.workspace.changes import (
    EventCancelled,
    EventDeleted,
    EventMoved,
    EventSaved,
    PreferencesChanged,
    ProjectDeleted,
    ProjectSaved,
    SmsPreferencesChanged,
    TaskDeleted,
    TaskSaved,
    TasksSaved,
    UserDeleted,
    UserSaved,
)
from buildos_box.workspace.model import Event, Project, Task

CANCELLED = "cancelled"


WITH_ROWS = frozenset({"users", "preferences", "smsPreferences", "projects", "events"})
"""The lists of whose rows it is announced what they were and what they are."""


def announce_tasks(
    tx: Tx,
    keys: Sequence[str],
    projects: Sequence[str],
    owners: Sequence[str],
    columns: Sequence[str] | None,
) -> None:
    """Announce tasks that one statement wrote; `columns` are those that changed, None if new."""
    changed = None if columns is None else frozenset(columns) - {"id", "updated_at"}
    tx.announce(
        TasksSaved(
            tuple(
                TaskSaved(owner, project, key, changed)
                for key, project, owner in zip(keys, projects, owners, strict=True)
            )
        )
    )


def announce_saved(tx: Tx, kind: str, before: Row | None, after: Row) -> None:
    """Announce a row that was written, of a list in `WITH_ROWS`."""
    match kind:
        case "users":
            zone_changed = before is not None and before["timezone"] != after["timezone"]
            email_changed = before is None or before["email"] != after["email"]
            tx.announce(UserSaved(after["id"], zone_changed, email_changed, created=before is None))
        case "preferences":
            tx.announce(PreferencesChanged(after["user_id"]))
        case "smsPreferences":
            tx.announce(SmsPreferencesChanged(after["user_id"]))
        case "projects":
            tx.announce(ProjectSaved(Project.of(before) if before else None, Project.of(after)))
        case "events":
            tx.announce(event_change(Event.of(before) if before else None, Event.of(after)))


def event_change(before: Event | None, event: Event) -> EventSaved | EventMoved | EventCancelled:
    """The most specific change of an event: created, cancelled, moved or saved."""
    if before is None:
        return EventSaved(None, event)
    if event.status == CANCELLED and before.status != CANCELLED:
        return EventCancelled(before, event)
    if event.times != before.times:
        return EventMoved(before, event)
    return EventSaved(before, event)


def announce_before_removal(tx: Tx, kind: str, row: Row, owner: str) -> None:
    """Announce a row that is about to be deleted."""
    match kind:
        case "users":
            tx.announce(UserDeleted(row["id"]))
        case "projects":
            tx.announce(ProjectDeleted(Project.of(row)))
        case "tasks":
            tx.announce(TaskDeleted(owner, Task.of(row)))
        case "events":
            tx.announce(EventDeleted(Event.of(row)))
        case _:
            pass


def announce_gone(tx: Tx, kind: str, key: str) -> None:
    """Announce a row that was deleted: of preferences, whose absence is a setting too."""
    if kind == "preferences":
        tx.announce(PreferencesChanged(key))
    elif kind == "smsPreferences":
        tx.announce(SmsPreferencesChanged(key))
