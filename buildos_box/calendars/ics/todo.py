"""Reads one to-do of a CalDAV server: a file with the VTODOs of one UID."""

import io
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from buildos_box.calendars.ics.component_parser import Lines, read_lines
from buildos_box.calendars.ics.cpu_limit import ProcessorTime, ProcessorTimeSpentError
from buildos_box.calendars.ics.events import wall
from buildos_box.calendars.ics.fields import Moment, uid_of
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError
from buildos_box.calendars.ics.tasks import Tasks, Todo, is_open_series
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import Instant, zone_or_utc
from buildos_box.errors import Malformed, TooLarge

_STEPS = 200_000


@dataclass(frozen=True, slots=True)
class ReadTodo:
    """A to-do as a task: the fields of `POST /sync`, and which instance of a series it stands for.

    `instance` is its original start; None for a to-do that is no open series.
    """

    uid: str
    task: dict[str, Any]
    instance: Moment | None
    zones: Zones


def read_todo(
    text: str, *, user_id: str, zone: str, now: Instant, processor_time: ProcessorTime
) -> ReadTodo | None:
    """The to-do of a file; None if it has none.

    One that is cancelled counts as done. Raises ValueError if it cannot be read, or takes too long.
    """
    try:
        file = read_lines(io.BytesIO(text.encode()), _is_todo, "utf-8")
        zones = Zones(file.zones, zone_or_utc(zone), now, file.zone)
        tasks = Tasks(user_id, "", zones, _midnight(zones, now))
        found = [lines for lines in file.named("VTODO") if lines.whole]
        if not found:
            return None
        uid = uid_of(found[0])
        todos = [tasks.read(_open(lines), _ignored) for lines in found if uid_of(lines) == uid]
        return _read(tasks, uid, todos, zones, processor_time)
    except (Malformed, TooLarge, OverflowError, TypeError) as error:
        raise ValueError("can't be read") from error
    except (BudgetSpentError, ProcessorTimeSpentError) as error:
        raise ValueError("takes too long to read") from error


def _read(
    tasks: Tasks, uid: str, todos: list[Todo], zones: Zones, processor_time: ProcessorTime
) -> ReadTodo:
    budget = Budget(_STEPS, processor_time=processor_time)
    instance = None
    if is_open_series(todos):
        found = tasks.open_instance(todos, budget)
        if found is not None:
            instance = found.item.original or found.start
    task = tasks.task(uid, todos, budget)
    assert task is not None
    return ReadTodo(uid, task, instance, zones)


def _is_todo(lines: Lines) -> bool:
    return lines.name == "VTODO"


def _ignored(_message: str) -> None:
    return


def _open(lines: Lines) -> Lines:
    """A cancelled to-do is closed, and so is done here."""
    if any(line.upper() == "STATUS:CANCELLED" for line in lines.lines):
        kept = [line for line in lines.lines if not line.startswith("STATUS")]
        lines.lines = [*kept, "STATUS:COMPLETED"]
    return lines


def _midnight(zones: Zones, now: Instant) -> Instant:
    return datetime.combine(wall(now, zones.reader).date(), time(0), zones.reader)
