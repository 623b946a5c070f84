"""The lists of `POST /sync` with their fields, which the single-item routes use too.

A column that is not named here cannot be set by a request. The rules: docs/spec.md#sync-lists.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from buildos_box.clock import Instant
from buildos_box.workspace import fields, rules
from buildos_box.workspace.fields import TEXT_CHARS, TITLE_CHARS, Field, Stored, text

Values = dict[str, Any]
"""Values by column."""

Normalise = Callable[[Values | None, Values, Values, Instant], Iterator[tuple[str, str]]]
"""A rule of `rules`: completes a merged row and yields (column, fault)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One list: its fields, its key, and the list of its parents."""

    name: str
    noun: str
    fields: tuple[Field, ...]
    key: Field
    parent: str | None = None
    parent_field: Field | None = None
    derived: tuple[str, ...] = ()
    """Columns that `normalise` computes."""
    normalise: Normalise = rules.as_it_is
    normalise_own: Normalise | None = None
    """The rule for what a user sets by their own token, where it is another."""
    stored_in: str = ""
    """The table, if its name is not that of the list."""
    columns: tuple[str, ...] = field(init=False)
    """The columns that an upsert writes, without those of creation and change."""

    columns_of_new: tuple[str, ...] = field(init=False)
    """The same with those of creation and change."""

    required: tuple[Field, ...] = field(init=False)
    """The fields that a new item must have."""

    required_columns: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        columns = (*(one.column for one in self.fields), *self.derived)
        object.__setattr__(self, "columns", columns)
        stamps = [name for name in ("created_at", "updated_at") if name not in columns]
        object.__setattr__(self, "columns_of_new", (*columns, *stamps))
        required = tuple(one for one in self.fields if one.required)
        object.__setattr__(self, "required", required)
        object.__setattr__(self, "required_columns", frozenset(one.column for one in required))

    @property
    def table(self) -> str:
        """The name of its table."""
        return self.stored_in or self.name

    def name_of(self, column: str) -> str:
        """The JSON name of a column."""
        return next((field.name for field in self.fields if field.column == column), column)

    def defaults(self) -> Values:
        """The values of a new item without any given field."""
        values: dict[str, Stored] = {field.column: field.default for field in self.fields}
        return values | dict.fromkeys(self.derived)


_id = Field("id", "id", fields.id_text, required=True)
_user = Field("userId", "user_id", fields.id_text, required=True)
_project = Field("projectId", "project_id", fields.id_text, required=True)
_title = Field("title", "title", text(TITLE_CHARS, empty=False), required=True)
_description = Field("description", "description", text(TEXT_CHARS, lines=True), default="")


def _word(name: str, *words: str, default: str) -> Field:
    return Field(name, name, fields.one_of(*words), default=default)


USERS = Kind(
    name="users",
    noun="user",
    key=_id,
    fields=(
        _id,
        Field("email", "email", fields.email),
        Field("name", "name", text(200), default=""),
        Field("timezone", "timezone", text(64), default="UTC"),
        Field("country", "country", fields.country),
        Field("language", "language", fields.language),
        Field("locale", "locale", fields.locale),
        Field("lastVisitAt", "last_visit_at", fields.instant),
        Field("emailTracking", "email_tracking", fields.flag, default=1),
        Field("emailConfirmed", "email_confirmed", fields.flag, default=1, service_only=True),
        Field("isAdmin", "is_admin", fields.flag, default=0, service_only=True),
    ),
    derived=("timezone_warning", "email_warning"),
    normalise=rules.normalise_user,
    normalise_own=rules.normalise_own_user,
)

USERS_BY_HAND = replace(
    USERS,
    fields=tuple(
        replace(field, read=fields.known_zone) if field.name == "timezone" else field
        for field in USERS.fields
    ),
)
"""In a request for one user an unknown zone is refused; a sync stores it with a warning."""

PREFERENCES = Kind(
    name="preferences",
    noun="preferences",
    key=_user,
    parent="users",
    parent_field=_user,
    fields=(
        _user,
        Field("isActive", "is_active", fields.flag, default=1),
        _word("frequency", "daily", "weekdays", "weekly", "custom", default="daily"),
        Field("dayOfWeek", "day_of_week", fields.week_day, default=1),
        Field("days", "days", fields.week_days),
        Field("timeOfDay", "time_of_day", fields.wall_time, default="09:00"),
        Field("emailDailyBrief", "email_daily_brief", fields.flag, default=1),
        Field("smsDailyBrief", "sms_daily_brief", fields.flag, default=0),
        Field("sendEmptyBriefs", "send_empty_briefs", fields.flag, default=0),
        Field("workStarts", "work_starts", fields.wall_minute, default="09:00"),
        Field("workEnds", "work_ends", fields.wall_minute, default="18:00"),
        Field("hourCycle", "hour_cycle", fields.hour_cycle),
        Field("weekStart", "week_start", fields.week_day),
    ),
    derived=("email_daily_brief_synced",),
    normalise=rules.normalise_preferences,
)

SMS_PREFERENCES = Kind(
    name="smsPreferences",
    noun="SMS preferences",
    key=_user,
    parent="users",
    parent_field=_user,
    fields=(
        _user,
        Field("phoneNumber", "phone_number", fields.phone_number),
        Field("phoneVerified", "phone_verified", fields.flag, default=0, service_only=True),
        Field("eventRemindersEnabled", "event_reminders_enabled", fields.flag, default=0),
        Field("leadTimeMinutes", "lead_time_minutes", fields.whole(0, 1440), default=15),
        Field("quietHoursStart", "quiet_hours_start", fields.wall_minute),
        Field("quietHoursEnd", "quiet_hours_end", fields.wall_minute),
        Field("dailyLimit", "daily_limit", fields.whole(0, 1000), default=10),
    ),
    normalise=rules.normalise_sms_preferences,
    stored_in="user_sms_preferences",
)

PROJECTS = Kind(
    name="projects",
    noun="project",
    key=_id,
    parent="users",
    parent_field=_user,
    fields=(
        _id,
        _user,
        Field("name", "name", text(TITLE_CHARS, empty=False), required=True),
        _description,
        _word("status", "active", "paused", "completed", "archived", default="active"),
        Field("startDate", "start_date", fields.day),
        Field("dueDate", "due_date", fields.day),
    ),
)

TASKS = Kind(
    name="tasks",
    noun="task",
    key=_id,
    parent="projects",
    parent_field=_project,
    fields=(
        _id,
        _project,
        _title,
        _description,
        _word("status", "todo", "in_progress", "blocked", "done", default="todo"),
        _word("priority", "low", "medium", "high", "urgent", default="medium"),
        Field("startDate", "start_date", fields.day),
        Field("dueDate", "due_date", fields.day),
        Field("dueAt", "due_at", fields.instant),
        Field("completedAt", "completed_at", fields.instant),
    ),
    derived=("due_changed_at", "blocked_at"),
    normalise=rules.normalise_task,
)

NOTES = Kind(
    name="notes",
    noun="note",
    key=_id,
    parent="projects",
    parent_field=_project,
    fields=(
        _id,
        _project,
        Field("title", "title", text(TITLE_CHARS), default=""),
        Field("content", "content", text(TEXT_CHARS, lines=True), default=""),
        Field("updatedAt", "updated_at", fields.instant),
    ),
    normalise=rules.normalise_note,
)

UNTITLED = "(untitled)"

EVENTS = Kind(
    name="events",
    noun="event",
    key=_id,
    parent="users",
    parent_field=_user,
    fields=(
        _id,
        _user,
        Field("title", "title", fields.title_or(UNTITLED, TITLE_CHARS), default=UNTITLED),
        Field("startAt", "start_at", fields.instant),
        Field("endAt", "end_at", fields.instant),
        Field("allDay", "all_day", fields.flag, default=0),
        Field("startDate", "start_date", fields.day),
        Field("endDate", "end_date", fields.day),
        _word("status", "confirmed", "tentative", "cancelled", default="confirmed"),
        Field("declined", "declined", fields.flag, default=0),
        Field("location", "location", text(TITLE_CHARS)),
    ),
    normalise=rules.normalise_event,
)

KINDS = (USERS, PREFERENCES, SMS_PREFERENCES, PROJECTS, TASKS, NOTES, EVENTS)
"""Parents before children: the order of writing."""

DEPENDENCIES = "taskDependencies"
"""The list of dependencies, whose items consist of two ids."""
