"""What a cell means: dates in the user's zone, and words of other programs for ours.

Every reader raises ValueError with words that fit after the column's name.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, at_wall_time, truncate
from buildos_box.imports.csv_columns import plain

Words = dict[str, tuple[str, ...]]
"""Ours, and what others say for it, in letters and digits alone."""
NOON = time(12)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?(Z|[+-]\d{2}:?\d{2})?)?"
)
_TIME_OF_DAY = re.compile(r"%-?[HIMScXs]")
_PRIORITY: Words = {
    "urgent": ("1", "p1", "urgent", "highest", "critical"),
    "high": ("2", "p2", "high", "important"),
    "medium": ("3", "p3", "medium", "normal", "none"),
    "low": ("4", "p4", "low", "lowest"),
}
_TASK_STATUS: Words = {
    "todo": ("todo", "open", "new", "notstarted", "needsaction", "backlog", "false", "no", "0",
             "incomplete", "active"),
    "in_progress": ("inprogress", "doing", "started", "inprocess", "wip"),
    "blocked": ("blocked", "waiting", "onhold"),
    "done": ("done", "completed", "complete", "closed", "finished", "true", "yes", "1", "x"),
}  # fmt: skip
_PROJECT_STATUS: Words = {
    "active": ("active", "open", "inprogress", "ontrack", "started"),
    "paused": ("paused", "onhold", "waiting"),
    "completed": ("completed", "complete", "done", "closed", "finished"),
    "archived": ("archived",),
}
_EVENT_STATUS: Words = {
    "confirmed": ("confirmed", "busy"),
    "tentative": ("tentative", "maybe"),
    "cancelled": ("cancelled", "canceled"),
}
_STATUS = {"tasks": _TASK_STATUS, "projects": _PROJECT_STATUS, "events": _EVENT_STATUS}


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates are written: in ISO 8601, or in a form as `strptime` takes it.

    Raises ValueError for a form that is none.
    """

    zone: ZoneInfo
    form: str | None = None

    def __post_init__(self) -> None:
        if self.form is not None:
            example = datetime(2026, 11, 30, 14, 5).strftime(self.form)
            datetime.strptime(example, self.form)

    def read(self, text: str) -> date | Instant:
        """A day, or an instant if a time stands with it."""
        try:
            found = self._by_form(text, self.form) if self.form else self._by_iso(text)
            if isinstance(found, datetime):
                return truncate(found) if found.tzinfo else self._here(found)
        except (ValueError, OverflowError):
            like = self.form or "2026-11-30 or 2026-11-30 14:00 (or say --date-format)"
            raise ValueError(f"{text!r} is no date like {like}") from None
        return found

    def day(self, text: str) -> date:
        """The day alone, where the user is."""
        found = self.read(text)
        return found.astimezone(self.zone).date() if isinstance(found, datetime) else found

    def instant(self, text: str) -> Instant:
        """The instant; of a day alone its noon, where the user is."""
        found = self.read(text)
        return found if isinstance(found, datetime) else at_wall_time(found, NOON, self.zone)

    def _here(self, wall: datetime) -> Instant:
        return at_wall_time(wall.date(), wall.time(), self.zone)

    def _by_form(self, text: str, form: str) -> date | datetime:
        found = datetime.strptime(text, form)
        return found if _TIME_OF_DAY.search(form) else found.date()

    def _by_iso(self, text: str) -> date | datetime:
        parts = _ISO.fullmatch(text)
        if parts is None:
            raise ValueError
        day, hour, minute, second, offset = parts.groups()
        if hour is None:
            return date.fromisoformat(day)
        return datetime.fromisoformat(
            f"{day}T{int(hour):02}:{minute}:{second or '00'}{offset or ''}"
        )


def priority(text: str) -> str:
    """Ours for theirs; 1 is the most urgent, 4 the least."""
    return _word(text, _PRIORITY)


def status(text: str, kind: str) -> str:
    """Ours for theirs, for an item of that list."""
    return _word(text, _STATUS[kind])


def day_after(day: date) -> date:
    """Where an all-day event ends that lasts up to and with that day."""
    return day + timedelta(days=1)


def _word(text: str, words: Words) -> str:
    given = plain(text)
    for ours, theirs in words.items():
        if given in (plain(ours), *theirs):
            return ours
    raise ValueError(f"{text!r} is none of {', '.join(words)}")
