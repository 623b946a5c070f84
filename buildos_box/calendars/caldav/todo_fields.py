"""The fields that a task and a to-do have in common, read from either and written to either."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from buildos_box.calendars.caldav import vtodo
from buildos_box.calendars.caldav.todo_merge import FIELDS, Values
from buildos_box.clock import Instant, from_text, to_text
from buildos_box.workspace.model import Task

if TYPE_CHECKING:
    from buildos_box.calendars.ics.todo import ReadTodo

INSTANCE = "instance"
"""Beside the fields of a to-do: the original start of the instance that a series stands for."""
_PRIORITIES = {"urgent": "1", "high": "3", "medium": "5", "low": "9"}
_NOT_OF_ONE = frozenset(
    {"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "DTSTART", "DUE", "COMPLETED"}
    | {"STATUS", "PERCENT-COMPLETE"}
)
"""Properties of a series that one instance of it does not take over as they are."""


def of_task(task: Task) -> Values:
    """A task's values; a due time in whole seconds, as iCalendar has it."""
    due: str | None = None
    if task.due_at is not None:
        due = to_text(task.due_at.replace(microsecond=0))
    elif task.due_date is not None:
        due = task.due_date.isoformat()
    return {
        "title": task.title,
        "description": task.description,
        "done": task.status == "done",
        "due": due,
        "priority": task.priority,
    }


def of_todo(read: "ReadTodo") -> Values:
    """A to-do's values, with the instance that it stands for if it is a series."""
    task = read.task
    due = task["dueDate"] or task["dueAt"]
    if task["dueAt"] is not None:
        due = to_text(from_text(due).replace(microsecond=0))
    return {
        "title": task["title"],
        "description": task["description"],
        "done": task["status"] == "done",
        "due": due,
        "priority": task["priority"],
        INSTANCE: _spelled(read.instance) if read.instance is not None else None,
    }


def _spelled(moment: date | datetime) -> str:
    return to_text(moment) if isinstance(moment, datetime) else moment.isoformat()


def _split(line: str) -> tuple[str, str]:
    """A property's name with its parameters, and its value."""
    # Imported here because most servers have no calendars and icalendar is slow to load.
    from buildos_box.calendars.ics.component_parser import split_line

    return split_line(line)


def differing(one: Values, other: Values) -> list[str]:
    """The fields that are not the same."""
    return [name for name in FIELDS if one[name] != other[name]]


def as_item(values: Values) -> dict[str, Any]:
    """Some values as fields of an item of `POST /sync`."""
    item: dict[str, Any] = {
        name: values[name] for name in ("title", "description", "priority") if name in values
    }
    if "done" in values:
        item["status"] = "done" if values["done"] else "todo"
    if "due" in values:
        due = values["due"]
        is_day = due is not None and len(due) == len("2024-10-24")
        item |= {"dueDate": due if is_day else None, "dueAt": None if is_day else due}
    return item


def modified(text: str) -> Instant | None:
    """When the to-do was changed, by its own word; None if it does not say."""
    for name in ("LAST-MODIFIED", "DTSTAMP"):
        line = vtodo.line_of(text, name)
        try:
            if line is not None:
                return datetime.strptime(f"{_split(line)[1]}+0000", "%Y%m%dT%H%M%SZ%z")
        except ValueError:
            continue
    return None


def _stamp(at: Instant) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _due_line(name: str, due: str) -> str:
    if len(due) == len("2024-10-24"):
        return f"{name};VALUE=DATE:{due.replace('-', '')}"
    return f"{name}:{_stamp(from_text(due))}"


def _properties(values: Values, task: Task) -> dict[str, str | None]:
    """The lines of the properties for some of a task's values."""
    found: dict[str, str | None] = {}
    if "title" in values:
        found["SUMMARY"] = f"SUMMARY:{vtodo.escaped(values['title'])}"
    if "description" in values:
        text = vtodo.escaped(values["description"])
        found["DESCRIPTION"] = f"DESCRIPTION:{text}" if text else None
    if "priority" in values:
        found["PRIORITY"] = f"PRIORITY:{_PRIORITIES[values['priority']]}"
    if "due" in values:
        due = values["due"]
        found |= {"DUE": _due_line("DUE", due) if due else None, "DURATION": None}
    if "done" in values:
        done = values["done"]
        at = _stamp(task.completed_at or task.updated_at)
        found["STATUS"] = "STATUS:COMPLETED" if done else "STATUS:NEEDS-ACTION"
        found["COMPLETED"] = f"COMPLETED:{at}" if done else None
        found["PERCENT-COMPLETE"] = "PERCENT-COMPLETE:100" if done else None
    return found


def _stamps(task: Task, now: Instant) -> dict[str, str | None]:
    return {
        "DTSTAMP": f"DTSTAMP:{_stamp(now)}",
        "LAST-MODIFIED": f"LAST-MODIFIED:{_stamp(task.updated_at)}",
    }


def new_text(uid: str, task: Task, now: Instant) -> str:
    """The text of a task's new to-do."""
    values = of_task(task)
    lines = {"CREATED": f"CREATED:{_stamp(task.created_at)}"} | _stamps(task, now)
    wanted = {k: v for k, v in values.items() if k != "done" or v}
    return vtodo.new_text(uid, lines | _properties(wanted, task))


def changed_text(
    text: str, read: "ReadTodo", instance: str | None, task: Task, names: list[str], now: Instant
) -> str:
    """A to-do's text with these fields as the task has them; of a series that instance alone is
    completed or moved.
    """
    values = of_task(task)
    wanted = {name: values[name] for name in names}
    if instance is None:
        lines = _properties(wanted, task) | _stamps(task, now)
        if "due" in wanted:
            lines |= _fitting_start(text, wanted["due"])
        return vtodo.changed(text, lines)
    part, is_there = _part_line(text, read, instance)
    if is_there:
        return vtodo.changed(text, _properties(wanted, task) | _stamps(task, now), part)
    of_all = {name: wanted.pop(name) for name in list(wanted) if name not in ("done", "due")}
    text = vtodo.changed(text, _properties(of_all, task) | _stamps(task, now))
    if not wanted:
        return text
    has_start = vtodo.line_of(text, "DTSTART") is not None
    text = vtodo.with_part(text, part, _NOT_OF_ONE)
    lines = _properties({"done": values["done"], "due": values["due"]}, task)
    lines["DTSTART"] = part.replace("RECURRENCE-ID", "DTSTART", 1) if has_start else None
    return vtodo.changed(text, lines, part)


def _fitting_start(text: str, due: str | None) -> dict[str, str | None]:
    """Without DTSTART if that is of another kind than DUE or on a later day (3.8.2.3)."""
    line = vtodo.line_of(text, "DTSTART")
    if line is None or due is None:
        return {}
    start, end = _split(line)[1], _split(_due_line("DUE", due))[1]
    fits = ("T" in start) == ("T" in end) and start[:8] <= end[:8]
    return {} if fits else {"DTSTART": None}


def _part_line(text: str, read: "ReadTodo", instance: str) -> tuple[str, bool]:
    """The RECURRENCE-ID of an instance, as the to-do has it or as its start is spelled; and whether
    it has a VTODO of its own already.
    """
    like = vtodo.line_of(text, "DTSTART") or vtodo.line_of(text, "DUE") or ""
    spellings = _spellings(like, read, instance)
    for line in spellings:
        if vtodo.has_part(text, line):
            return line, True
    return spellings[0], False


def _spellings(like: str, read: "ReadTodo", instance: str) -> list[str]:
    moment = _moment(instance)
    if not isinstance(moment, datetime):
        return [f"RECURRENCE-ID;VALUE=DATE:{moment:%Y%m%d}"]
    head, value = _split(like)
    in_utc = f"RECURRENCE-ID:{_stamp(moment)}"
    if value.upper().endswith("Z"):
        return [in_utc]
    parameters = head.partition(";")[2]
    named = next((p for p in parameters.split(";") if p.upper().startswith("TZID=")), None)
    zone = read.zones.find(named[5:].strip('"')) if named else read.zones.floating
    local = f"{moment.astimezone(zone):%Y%m%dT%H%M%S}"
    return [f"RECURRENCE-ID{';' + named if named else ''}:{local}", in_utc]


def _moment(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == len("2024-10-24") else from_text(text)
