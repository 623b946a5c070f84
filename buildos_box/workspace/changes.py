"""The changes that the workspace announces, in the transaction of the write.

Each is announced after its own row was written, and only if something changed; the `…Deleted`
changes are announced before the row is deleted, while what refers to it can still be read. What is
deleted with its user or project (tasks, notes, events) is not announced.
"""

from dataclasses import dataclass

from buildos_box.workspace.model import Event, Project, Task


@dataclass(frozen=True, slots=True)
class UserSaved:
    """A user was created or changed; `zone_changed` is false for one just created."""

    user_id: str
    zone_changed: bool
    email_changed: bool
    created: bool


@dataclass(frozen=True, slots=True)
class UserDeleted:
    """A user is being deleted with all data."""

    user_id: str


@dataclass(frozen=True, slots=True)
class PreferencesChanged:
    """A user's preferences were set, changed or deleted."""

    user_id: str


@dataclass(frozen=True, slots=True)
class SmsPreferencesChanged:
    """A user's SMS preferences were set, changed or deleted by a sync or an import."""

    user_id: str


@dataclass(frozen=True, slots=True)
class ProjectSaved:
    """A project was created (`before` is None) or changed."""

    before: Project | None
    project: Project


@dataclass(frozen=True, slots=True)
class ProjectDeleted:
    """A project is being deleted, with its tasks and notes."""

    project: Project


@dataclass(frozen=True, slots=True)
class TaskSaved:
    """A task was created (`changed` is None), or these columns of it were changed."""

    user_id: str
    project_id: str
    task_id: str
    changed: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class TasksSaved:
    """Tasks were created or changed: one or many at once, since a request may bring thousands."""

    tasks: tuple[TaskSaved, ...]


@dataclass(frozen=True, slots=True)
class TaskDeleted:
    """A task is being deleted."""

    user_id: str
    task: Task


@dataclass(frozen=True, slots=True)
class EventSaved:
    """An event was created (`before` is None), or changed without moving or being cancelled."""

    before: Event | None
    event: Event


@dataclass(frozen=True, slots=True)
class EventMoved:
    """An event was moved, and perhaps changed otherwise."""

    before: Event
    event: Event


@dataclass(frozen=True, slots=True)
class EventCancelled:
    """An event that was not cancelled is cancelled now."""

    before: Event
    event: Event


@dataclass(frozen=True, slots=True)
class EventDeleted:
    """An event is being deleted."""

    event: Event


@dataclass(frozen=True, slots=True)
class CalendarSyncFailed:
    """A feed failed three times in a row; `error` does not contain its address."""

    user_id: str
    feed_id: str
    name: str
    error: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class UserDataGrown:
    """A user has more stored than before; `lists` are those with more rows."""

    user_id: str
    lists: frozenset[str]
