"""Users' data as structs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from buildos_box.clock import Instant, from_text
from buildos_box.db.tx import Row

Record = Row | Mapping[str, Any]
"""A row of a table, or a mapping with the same names."""

T = TypeVar("T", bound="_Stored")


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    @classmethod
    def of(cls: type[T], row: Record) -> T:
        """The row as a struct; texts become instants, days and times according to the columns'
        names.
        """
        return cls(
            **{
                name: row[name] if read is None else read(row[name])
                for name, read in _readers(cls.__struct_fields__)
            }
        )


@lru_cache(maxsize=64)
def _readers(names: tuple[str, ...]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    return [(name, _reader(name)) for name in names]


def _reader(name: str) -> Callable[[Any], Any] | None:
    """What makes a value of what is stored in a column of that name; None if it stays as it is."""
    if name == "days":
        return lambda stored: () if stored is None else tuple(msgspec.json.decode(stored))
    if name.endswith("_at"):
        return _unless_none(from_text)
    if name.endswith("_date"):
        return _unless_none(date.fromisoformat)
    if name in ("time_of_day", "work_starts", "work_ends"):
        return _unless_none(time.fromisoformat)
    return _unless_none(bool) if name in FLAGS else None


def _unless_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda stored: None if stored is None else read(stored)


FLAGS = frozenset(
    {
        "email_tracking",
        "email_confirmed",
        "is_admin",
        "is_active",
        "email_daily_brief",
        "sms_daily_brief",
        "send_empty_briefs",
        "phases_generated",
        "all_day",
        "declined",
    }
)
"""Columns that hold 0 or 1."""


class User(_Stored, frozen=True, kw_only=True):
    """A user. `timezone` is stored as given; read it with `zone_or_utc`."""

    id: str
    email: str | None
    email_confirmed: bool
    """Whether mail may go there: set by the service, or proved by a code."""
    name: str
    timezone: str
    timezone_warning: str | None
    email_warning: str | None
    country: str | None
    language: str | None
    locale: str | None
    """What the person is written to in; None for the box's default."""
    last_visit_at: Instant | None
    email_tracking: bool
    is_admin: bool
    created_at: Instant
    updated_at: Instant


class Preferences(_Stored, frozen=True, kw_only=True):
    """When a user wants briefs, and over which channels."""

    user_id: str
    is_active: bool
    frequency: str
    """`daily`, `weekdays`, `weekly` or `custom`."""
    day_of_week: int
    """For `weekly`: 0 is Sunday."""
    days: tuple[int, ...]
    """For `custom`: ascending, 0 is Sunday; none means every day."""
    time_of_day: time
    email_daily_brief: bool
    sms_daily_brief: bool
    send_empty_briefs: bool
    """Whether the daily brief is mailed even if there is no project, task or event."""
    work_starts: time
    work_ends: time
    """The working hours, in which free time is told; on the next day if not after `work_starts`."""
    hour_cycle: int | None
    """12 or 24; None for what is usual in the person's region."""
    week_start: int | None
    """0 is Sunday; None for what is usual in the person's region."""


class Person(NamedTuple):
    """A user together with their preferences; None if they never set any."""

    user: User
    preferences: Preferences | None

    @classmethod
    def of(cls, row: Row) -> "Person":
        """The joined row of both tables."""
        has_preferences = row["user_id"] is not None
        return cls(User.of(row), Preferences.of(row) if has_preferences else None)


class Project(_Stored, frozen=True, kw_only=True):
    """A project of one user."""

    id: str
    user_id: str
    name: str
    description: str
    status: str
    start_date: date | None
    due_date: date | None
    phases_generated: bool
    created_at: Instant
    updated_at: Instant


class Task(_Stored, frozen=True, kw_only=True):
    """A task of a project; due on a day, at an instant, or without a date."""

    id: str
    project_id: str
    title: str
    description: str
    status: str
    priority: str
    start_date: date | None
    due_date: date | None
    due_at: Instant | None
    completed_at: Instant | None
    """Set if and only if `status` is `done`."""
    due_changed_at: Instant | None
    """When it was last moved to another due time; None if never."""
    blocked_at: Instant | None
    """When it was last blocked; None if it never was."""
    created_at: Instant
    updated_at: Instant


class Note(_Stored, frozen=True, kw_only=True):
    """A note of a project; `content` is Markdown."""

    id: str
    project_id: str
    title: str
    content: str
    created_at: Instant
    updated_at: Instant


class Event(_Stored, frozen=True, kw_only=True):
    """A calendar event: instants, or days if it is all-day.

    `end_date` is the first day after it (RFC 5545, 3.6.1); None means a single day.
    """

    id: str
    user_id: str
    title: str
    all_day: bool
    start_at: Instant | None
    end_at: Instant | None
    start_date: date | None
    end_date: date | None
    status: str
    declined: bool
    location: str | None
    source: str | None
    feed_id: str | None
    feed_uid: str | None
    created_at: Instant
    updated_at: Instant

    @property
    def times(self) -> tuple[object, ...]:
        """What changes when the event moves."""
        return (self.all_day, self.start_at, self.end_at, self.start_date, self.end_date)


@dataclass(frozen=True, slots=True)
class Dependency:
    """One task depends on another."""

    task_id: str
    depends_on_id: str
