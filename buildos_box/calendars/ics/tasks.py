"""VTODOs as tasks (RFC 5545, 3.6.2)."""

from datetime import datetime
from typing import Any

from buildos_box.calendars.ics.fields import (
    Moment,
    Warn,
    description,
    moment,
    plus,
    single,
    spelled,
    stable_id,
    text_of,
    title,
)
from buildos_box.calendars.ics.lines import Lines
from buildos_box.calendars.ics.zones import Zones

_STATUS = {"NEEDS-ACTION": "todo", "IN-PROCESS": "in_progress", "COMPLETED": "done"}


def read_task(
    lines: Lines, uid: str, *, user_id: str, project_id: str, zones: Zones, warn: Warn
) -> dict[str, Any] | None:
    """A task as `POST /sync` takes it; None if it was called off.

    A series counts once. Raises ValueError, in words that fit after its name, if it can't be read.
    """
    component = lines.parsed()
    if text_of(component, "STATUS").upper() == "CANCELLED":
        return None
    if "RECURRENCE-ID" in component:
        raise ValueError("changes one instance of a to-do that repeats, which tasks do not")
    if "RRULE" in component or "RDATE" in component:
        warn("repeats; it was taken once")
    start = _moment(component, "DTSTART", zones, warn)
    due = _moment(component, "DUE", zones, warn) or _after_duration(lines, component, start)
    status = _status(component)
    done = _moment(component, "COMPLETED", zones, warn) if status == "done" else None
    return {
        "id": stable_id(user_id, uid, "task"),
        "projectId": project_id,
        "title": title(component, warn),
        "description": description(component, warn),
        "status": status,
        "priority": _priority(single(component, "PRIORITY")),
        "startDate": _day(start, zones),
        "dueDate": None if due is None or isinstance(due, datetime) else spelled(due),
        "dueAt": spelled(due) if isinstance(due, datetime) else None,
        "completedAt": spelled(done) if isinstance(done, datetime) else None,
    }


def _moment(component: Any, name: str, zones: Zones, warn: Warn) -> Moment | None:
    try:
        return moment(component, name, zones)
    except ValueError as error:
        warn(f"{error}; it was left out")
        return None


def _after_duration(lines: Lines, component: Any, start: Moment | None) -> Moment | None:
    duration = single(component, "DURATION")
    if start is None or duration is None:
        return None
    try:
        return plus(start, duration.dt, exact="PT" in lines.value("DURATION").upper())
    except (TypeError, OverflowError):
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
    """RFC 5545, 3.8.1.9: 1 to 4 is high, 5 medium, 6 to 9 low, 0 none; here 1 is urgent."""
    if not isinstance(given, int) or not 1 <= given <= 9 or given == 5:
        return "medium"
    return "urgent" if given == 1 else "high" if given < 5 else "low"


def _day(start: Moment | None, zones: Zones) -> str | None:
    if isinstance(start, datetime):
        return start.astimezone(zones.default).date().isoformat()
    return None if start is None else start.isoformat()
