"""Reads VTODOs as tasks (RFC 5545, 3.6.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from buildos_box.calendars.ics.component_parser import Lines
from buildos_box.calendars.ics.events import (
    Instance,
    Item,
    Window,
    duration_of,
    make_item,
    zone_of,
)
from buildos_box.calendars.ics.fields import (
    Moment,
    Warn,
    description,
    is_exact,
    moment,
    plus,
    single,
    spelled,
    text_of,
    title,
)
from buildos_box.calendars.ics.recurrence import Budget
from buildos_box.calendars.ics.series import lay_out
from buildos_box.calendars.ics.stable_id import stable_id
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import Instant
from buildos_box.workspace.fields import EARLIEST_YEAR, LATEST_YEAR

_STATUS = {"NEEDS-ACTION": "todo", "IN-PROCESS": "in_progress", "COMPLETED": "done"}
_CLOSED = ("COMPLETED", "CANCELLED")
_AHEAD = (timedelta(days=60), timedelta(days=800), timedelta(days=8000))
"""Spans in which a to-do's next date is searched: most repeat often, and near ones cost less."""
_BACK = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Todo:
    """One VTODO."""

    item: Item
    due: Moment | None
    has_start: bool


@dataclass(frozen=True, slots=True)
class Tasks:
    """Makes the tasks of one file's to-dos."""

    user_id: str
    project_id: str
    zones: Zones
    today: Instant
    """The user's midnight."""

    def read(self, lines: Lines, warn: Warn) -> Todo:
        """The to-do of a VTODO.

        Raises ValueError, whose text fits after the to-do's name, if it cannot be read.
        """
        component = lines.parsed()
        start = self._moment(component, "DTSTART", warn)
        due = self._moment(component, "DUE", warn, start) or _after_duration(
            lines, component, start
        )
        at = start or due or self.today
        alike = due is not None and isinstance(due, datetime) == isinstance(at, datetime)
        end = due if alike else None
        item = make_item(lines, component, at, end, self.zones, warn)
        return Todo(item, due, start is not None)

    def task(self, uid: str, todos: list[Todo], budget: Budget) -> dict[str, Any] | None:
        """The task of all VTODOs with one UID; None if it is cancelled.

        One that repeats becomes its next open date. Raises BudgetSpentError if the file's steps are
        used up, ProcessorTimeSpentError.
        """
        series = [todo for todo in todos if todo.item.original is None]
        todo = series[-1] if series else todos[-1]
        if text_of(todo.item.component, "STATUS").upper() == "CANCELLED":
            return None
        if is_open_series(todos):
            return self._of_series(uid, todo, todos, budget)
        start = todo.item.start if todo.has_start else None
        return self._task(uid, todo.item, start, todo.due)

    def _of_series(self, uid: str, todo: Todo, todos: list[Todo], budget: Budget) -> dict[str, Any]:
        found = self.open_instance(todos, budget)
        if found is None:
            todo.item.warn("repeats; all of its dates are done or over")
            return self._task(uid, todo.item, None, None) | {"status": "done"}
        todo.item.warn("repeats; its next open date was taken")
        changed = next((t for t in todos if t.item is found.item), todo)
        due = found.end if changed.due is not None else None
        if changed.due is not None and due is None:
            due = found.start
        return self._task(uid, found.item, found.start if changed.has_start else None, due)

    def open_instance(self, todos: list[Todo], budget: Budget) -> Instance | None:
        """The next open instance of a series that is open; None once all are done or over.

        Raises BudgetSpentError, ProcessorTimeSpentError.
        """
        series = [todo for todo in todos if todo.item.original is None][-1:]
        changes = [todo.item for todo in todos if todo.item.original]
        return self._next_open([*(todo.item for todo in series), *changes], budget)

    def _next_open(self, items: list[Item], budget: Budget) -> Instance | None:
        """The first open instance that is due today or later, or else the last one before."""
        # An event that ends as a day begins is over then; a to-do that is due on it is not.
        start = self.today - timedelta(days=1)
        for ahead in _AHEAD:
            window = Window(start, self.today + ahead, self.zones)
            for instance in self._open(items, window, budget):
                if self._is_due(instance):
                    return instance
            start = window.end
        before = list(self._open(items, Window(self.today - _BACK, self.today, self.zones), budget))
        return before[-1] if before else None

    def _open(self, items: list[Item], window: Window, budget: Budget) -> Iterator[Instance]:
        for instance in lay_out(items, window, budget):
            if text_of(instance.item.component, "STATUS").upper() not in _CLOSED:
                yield instance

    def _is_due(self, instance: Instance) -> bool:
        end = instance.end if instance.end is not None else instance.start
        if isinstance(end, datetime):
            return end >= self.today
        return end >= self.today.astimezone(self.zones.reader).date()

    def _task(
        self, uid: str, item: Item, start: Moment | None, due: Moment | None
    ) -> dict[str, Any]:
        component, warn = item.component, item.warn
        status = _status(component)
        done = self._moment(component, "COMPLETED", warn) if status == "done" else None
        return {
            "id": stable_id(self.user_id, uid, "task"),
            "projectId": self.project_id,
            "title": title(component, warn),
            "description": description(component, warn),
            "status": status,
            "priority": _priority(single(component, "PRIORITY")),
            "startDate": self._day(start),
            "dueDate": None if due is None or isinstance(due, datetime) else spelled(due),
            "dueAt": spelled(due) if isinstance(due, datetime) else None,
            "completedAt": spelled(done) if isinstance(done, datetime) else None,
        }

    def _moment(
        self, component: Any, name: str, warn: Warn, start: Moment | None = None
    ) -> Moment | None:
        try:
            found = moment(component, name, self.zones, None if start is None else zone_of(start))
            if found is not None and not EARLIEST_YEAR < found.year < LATEST_YEAR:
                raise ValueError(f"has a {name} in the year {found.year}")
        except ValueError as error:
            warn(f"{error}; it was left out")
            return None
        return found

    def _day(self, start: Moment | None) -> str | None:
        if isinstance(start, datetime):
            return start.astimezone(self.zones.reader).date().isoformat()
        return None if start is None else start.isoformat()


def is_open_series(todos: list[Todo]) -> bool:
    """Whether these to-dos of one UID are a series that is not closed as a whole."""
    series = [todo for todo in todos if todo.item.original is None][-1:]
    return any(todo.item.repeats and _status(todo.item.component) != "done" for todo in series)


def _after_duration(lines: Lines, component: Any, start: Moment | None) -> Moment | None:
    try:
        duration = duration_of(component)
        if start is None or duration is None:
            return None
        return plus(start, duration, exact=is_exact(lines.value("DURATION")))
    except (ValueError, OverflowError):
        return None


def _status(component: Any) -> str:
    stated = _STATUS.get(text_of(component, "STATUS").upper())
    if stated is not None:
        return stated
    percent = single(component, "PERCENT-COMPLETE") or 0
    if single(component, "COMPLETED") is not None or percent >= 100:
        return "done"
    return "in_progress" if percent > 0 else "todo"


def _priority(given: Any) -> str:
    """The task's priority. RFC 5545, 3.8.1.9: 1 to 4 is high, 5 medium, 6 to 9 low, 0 none; 1 is
    urgent here.
    """
    if not isinstance(given, int) or not 1 <= given <= 9 or given == 5:
        return "medium"
    return "urgent" if given == 1 else "high" if given < 5 else "low"
