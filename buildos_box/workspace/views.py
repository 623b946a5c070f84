"""Users' data as the API shows it: the fields of `POST /sync` and what the server adds."""

from typing import Any, Generic, TypeVar

import msgspec

from buildos_box.db import Row
from buildos_box.workspace.model import FLAGS

T = TypeVar("T")
V = TypeVar("V", bound="_View")


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    @classmethod
    def of(cls: type[V], row: Row) -> V:
        """The view of one row; its texts are stored in the form that is sent."""
        return cls(**{name: _shown(name, row[name]) for name in cls.__struct_fields__})


def _shown(name: str, stored: Any) -> Any:
    if name == "days":
        return msgspec.json.decode(stored) if stored else None
    return bool(stored) if name in FLAGS else stored


class UserView(_View, frozen=True, kw_only=True, rename="camel"):
    """A user. `timezone_warning` says why UTC is used instead of their zone.

    `email_warning` says why the mail server takes no mail to their address.
    """

    id: str
    email: str | None
    email_confirmed: bool
    name: str
    timezone: str
    timezone_warning: str | None
    email_warning: str | None
    country: str | None
    language: str | None
    locale: str | None
    last_visit_at: str | None
    email_tracking: bool
    is_admin: bool
    onboarding_analyzed_at: str | None
    """When the newest onboarding analysis was made."""
    created_at: str
    updated_at: str


class PreferencesView(_View, frozen=True, kw_only=True, rename="camel"):
    """A user's brief preferences; inactive defaults if none were set."""

    user_id: str
    is_active: bool = False
    frequency: str = "daily"
    day_of_week: int = 1
    days: list[int] | None = None
    time_of_day: str = "09:00"
    email_daily_brief: bool = True
    sms_daily_brief: bool = False
    send_empty_briefs: bool = False
    work_starts: str = "09:00"
    work_ends: str = "18:00"
    hour_cycle: int | None = None
    week_start: int | None = None


class ProjectView(_View, frozen=True, kw_only=True, rename="camel"):
    """A project."""

    id: str
    user_id: str
    name: str
    description: str
    status: str
    start_date: str | None
    due_date: str | None
    phases_generated: bool
    created_at: str
    updated_at: str


class TaskView(_View, frozen=True, kw_only=True, rename="camel"):
    """A task."""

    id: str
    project_id: str
    title: str
    description: str
    status: str
    priority: str
    start_date: str | None
    due_date: str | None
    due_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str


class NoteView(_View, frozen=True, kw_only=True, rename="camel"):
    """A note; `content` is Markdown."""

    id: str
    project_id: str
    title: str
    content: str
    created_at: str
    updated_at: str


class EventView(_View, frozen=True, kw_only=True, rename="camel"):
    """A calendar event. `end_date` is the first day after an all-day one.

    `feed_id` names the subscribed calendar that it is from; reading that changes the event back.
    """

    id: str
    user_id: str
    title: str
    all_day: bool
    start_at: str | None
    end_at: str | None
    start_date: str | None
    end_date: str | None
    status: str
    declined: bool
    location: str | None
    source: str | None
    feed_id: str | None
    created_at: str
    updated_at: str


class Page(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a list, newest first; `next_cursor` continues it, None ends it."""

    items: list[T]
    next_cursor: str | None = None


class DependencyList(msgspec.Struct, frozen=True, rename="camel"):
    """The ids of the tasks that a task depends on."""

    depends_on: list[str]
