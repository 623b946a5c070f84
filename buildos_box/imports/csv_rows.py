"""One row of a table as the fields of an item."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from buildos_box.calendars.ics.decoding import one_line
from buildos_box.clock import to_text
from buildos_box.imports.csv_columns import plain
from buildos_box.imports.csv_table import Row
from buildos_box.imports.dates import Dates, Phrase, day_after

T = TypeVar("T")
RANGE = "→"
"""The separator of two dates in one cell (Notion)."""


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell that cannot be parsed."""

    source: str
    message: str


Value = tuple[str, Any, str] | CellFault
"""A field, its value, and the column it was read from; or the fault."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A row's cells by field."""

    row: Row
    columns: Mapping[str, int]
    replaced: Mapping[str, str]
    """Texts that a program's rules put in place of cells."""

    def text(self, name: str) -> str:
        """The field's text; empty if there is none."""
        if name in self.replaced:
            return self.replaced[name]
        at = self.columns.get(name)
        return "" if at is None else self.row.cell(at)

    def line(self, name: str) -> str:
        """The field's text on one line."""
        return one_line(self.text(name))


def task_values(
    cells: Cells, dates: Dates, kept: list[str], free_dates: bool = False
) -> Iterator[Value]:
    """The fields of a task. Due dates that name no day go to `kept`.

    With `free_dates` every due date that cannot be parsed does.
    """
    yield "title", cells.line("title"), "title"
    yield from _description(cells)
    yield from _mapped(cells, "status", lambda text: _task_status(text, dates))
    yield from _one(cells, "priority", "priority", priority)
    start, due = _range(cells)
    yield from _read(start, "start", lambda text: ("startDate", dates.day(text).isoformat()))
    yield from _due(due, dates, kept, free_dates)
    for found in _read(
        cells.text("completed"),
        "completed",
        lambda text: ("completedAt", to_text(dates.instant(text))),
    ):
        if not isinstance(found, CellFault):
            yield "status", "done", "completed"
        yield found


def project_values(
    cells: Cells, dates: Dates, _kept: list[str], _free_dates: bool = False
) -> Iterator[Value]:
    """The fields of a project."""
    yield "name", cells.line("name"), "name"
    yield from _description(cells)
    yield from _one(cells, "status", "status", lambda text: status(text, "projects"))
    for source, name in (("start", "startDate"), ("due", "dueDate")):
        yield from _one(cells, source, name, lambda text: dates.day(text).isoformat())


def event_values(
    cells: Cells, dates: Dates, _kept: list[str], _free_dates: bool = False
) -> Iterator[Value]:
    """The fields of a calendar event; without a time of day it is all-day."""
    yield "title", cells.line("title"), "title"
    yield from _one(cells, "status", "status", lambda text: status(text, "events"))
    if place := cells.line("location"):
        yield "location", place, "location"
    if not cells.text("start"):
        yield CellFault("start", "must not be empty")
        return
    try:
        start, end = _moment(cells, "start", dates), _moment(cells, "end", dates)
    except _Unreadable as error:
        yield error.fault
        return
    if isinstance(start, datetime):
        yield from _timed(start, end)
    elif start is not None:
        yield from _all_day(start, end, dates, ends_before=bool(cells.text("end before")))


def _timed(start: datetime, end: date | datetime | None) -> Iterator[Value]:
    if end is not None and not isinstance(end, datetime):
        yield CellFault("end", "must have a time of day, as its start has")
        return
    yield "startAt", to_text(start), "start"
    if end is not None:
        yield "endAt", to_text(end), "end"


def _all_day(
    start: date, end: date | datetime | None, dates: Dates, *, ends_before: bool
) -> Iterator[Value]:
    last = end.astimezone(dates.zone).date() if isinstance(end, datetime) else end
    after = last if ends_before and last is not None else day_after(last or start)
    yield "allDay", True, "start"
    yield "startDate", start.isoformat(), "start"
    yield "endDate", after.isoformat(), "end"


class _Unreadable(Exception):
    def __init__(self, fault: CellFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _moment(cells: Cells, name: str, dates: Dates) -> date | datetime | None:
    """A day, with the time of day from a column of its own if there is one."""
    day, time = cells.text(name), cells.text(f"{name} time")
    if not day:
        return None
    try:
        return dates.read(f"{day} {time}".strip())
    except ValueError as error:
        raise _Unreadable(CellFault(name, str(error))) from None


def _range(cells: Cells) -> tuple[str, str]:
    """Start and due date; a due cell may contain both."""
    first, mark, last = cells.text("due").partition(RANGE)
    if not mark:
        return cells.text("start"), first.strip()
    return cells.text("start") or first.strip(), last.strip()


def _due(text: str, dates: Dates, kept: list[str], free_dates: bool) -> Iterator[Value]:
    if not text:
        return
    try:
        due = dates.read(text)
    except ValueError as error:
        if free_dates or isinstance(error, Phrase):
            kept.append(f"Due: {text}")
        else:
            yield CellFault("due", str(error))
        return
    if isinstance(due, datetime):
        yield from (("dueAt", to_text(due), "due"), ("dueDate", None, "due"))
    else:
        yield from (("dueDate", due.isoformat(), "due"), ("dueAt", None, "due"))


def _task_status(text: str, dates: Dates) -> dict[str, str]:
    """A status word; or, in a column of completion times, such a time."""
    try:
        return {"status": status(text, "tasks")}
    except ValueError as error:
        try:
            return _done_at(text, dates)
        except ValueError:
            raise error from None


def _done_at(text: str, dates: Dates) -> dict[str, str]:
    return {"status": "done", "completedAt": to_text(dates.instant(text))}


def _description(cells: Cells) -> Iterator[Value]:
    if text := cells.text("description").replace("\r\n", "\n").replace("\r", "\n"):
        yield "description", text, "description"


def _one(cells: Cells, source: str, name: str, read: Callable[[str], str]) -> Iterator[Value]:
    yield from _read(cells.text(source), source, lambda text: (name, read(text)))


def _mapped(cells: Cells, source: str, read: Callable[[str], Mapping[str, str]]) -> Iterator[Value]:
    text = cells.text(source)
    if not text:
        return
    try:
        found = read(text)
    except ValueError as error:
        yield CellFault(source, str(error))
        return
    for name, value in found.items():
        yield name, value, source


def _read(text: str, source: str, read: Callable[[str], tuple[str, str]]) -> Iterator[Value]:
    if not text:
        return
    try:
        name, value = read(text)
    except ValueError as error:
        yield CellFault(source, str(error))
        return
    yield name, value, source


Words = dict[str, tuple[str, ...]]
"""Our words, and those of other programs for them, in letters and digits only."""
_PRIORITY: Words = {
    "urgent": ("1", "p1", "urgent", "highest", "critical"),
    "high": ("2", "p2", "high", "important"),
    "medium": ("3", "p3", "medium", "normal", "none", "nopriority"),
    "low": ("4", "p4", "low", "lowest"),
}
_TASK_STATUS: Words = {
    "todo": ("todo", "open", "new", "notstarted", "needsaction", "backlog", "false", "no", "0",
             "incomplete", "active", "unstarted", "deferred"),
    "in_progress": ("inprogress", "doing", "started", "inprocess", "wip", "inreview"),
    "blocked": ("blocked", "waiting", "onhold", "waitingonsomeoneelse", "waitingonothers"),
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


def priority(text: str) -> str:
    """The priority for a word of another program; 1 is the most urgent number, 4 the least.

    Raises ValueError for any other.
    """
    return _word(text, _PRIORITY)


def status(text: str, kind: str) -> str:
    """The status for a word of another program, for an item of that list.

    Raises ValueError for any other.
    """
    return _word(text, _STATUS[kind])


def _word(text: str, words: Words) -> str:
    given = plain(text)
    for ours, theirs in words.items():
        if given in (plain(ours), *theirs):
            return ours
    raise ValueError(f"{text!r} is not one of {', '.join(words)}")
