"""What this room tells those above, in the transaction of the write.

Each is announced after its own row has been written and only if something changed; the
`…Deleted` ones are announced before the row goes, while what hangs on it can still be read.
What goes with its user or its project (tasks, notes, events) has no announcement of its own.
"""

from dataclasses import dataclass

from buildos_box.workspace.model import Event, Project, Task


@dataclass(frozen=True, slots=True)
class UserSaved:
    """A user was created or changed; `zone_changed` is false for one just created."""

    user_id: str
    zone_changed: bool
    created: bool


@dataclass(frozen=True, slots=True)
class UserDeleted:
    """A user and all that is theirs goes."""

    user_id: str


@dataclass(frozen=True, slots=True)
class PreferencesChanged:
    """A user's preferences were set, changed or taken away."""

    user_id: str


@dataclass(frozen=True, slots=True)
class SmsPreferencesChanged:
    """What a user wants of SMS was set, changed or taken away by a sync or an import."""

    user_id: str


@dataclass(frozen=True, slots=True)
class ProjectSaved:
    """A project was created (`before` is None) or changed."""

    before: Project | None
    project: Project


@dataclass(frozen=True, slots=True)
class ProjectDeleted:
    """A project goes, with its tasks and notes."""

    project: Project


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """A task was created (`before` is None) or changed."""

    user_id: str
    before: Task | None
    task: Task


@dataclass(frozen=True, slots=True)
class TaskDeleted:
    """A task goes."""

    user_id: str
    task: Task


@dataclass(frozen=True, slots=True)
class EventSaved:
    """An event was created (`before` is None), or changed in neither time nor standing."""

    before: Event | None
    event: Event


@dataclass(frozen=True, slots=True)
class EventMoved:
    """An event's time changed, and perhaps more."""

    before: Event
    event: Event


@dataclass(frozen=True, slots=True)
class EventCancelled:
    """An event that stood was cancelled."""

    before: Event
    event: Event


@dataclass(frozen=True, slots=True)
class EventDeleted:
    """An event goes."""

    event: Event


@dataclass(frozen=True, slots=True)
class CalendarSyncFailed:
    """A feed could not be read three times in a row; `error` does not name its address."""

    user_id: str
    feed_id: str
    name: str
    error: str
    correlation_id: str
