"""Calendar files (`.ics`, RFC 5545) as the lists that `POST /sync` takes (docs/spec.md#imports)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from buildos_box.calendars.ics.component_parser import MAX_COMPONENTS, File, Lines, read_lines
from buildos_box.calendars.ics.cpu_limit import ProcessorTime, ProcessorTimeSpentError
from buildos_box.calendars.ics.dates import days_of, days_within
from buildos_box.calendars.ics.decoding import one_line
from buildos_box.calendars.ics.events import Instance, Item, Window, read_item, wall
from buildos_box.calendars.ics.fields import (
    Warn,
    Warnings,
    location,
    several,
    spelled,
    text_of,
    title,
    uid_of,
)
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError
from buildos_box.calendars.ics.series import lay_out
from buildos_box.calendars.ics.stable_id import stable_id
from buildos_box.calendars.ics.tasks import Tasks, Todo
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import Instant, is_zone, zone_or_utc
from buildos_box.errors import TooLarge, Unprocessable
from buildos_box.workspace.fields import EARLIEST_YEAR, LATEST_YEAR

MAX_EVENTS = 10_000
"""Events of one file."""
FILE_STEPS = 1_000_000
_MARGIN = timedelta(days=2)
"""Time zones and clock changes move an event by less than this."""
_MOST_NAME_CHARS = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarImport:
    """The contents of a file; `warnings` are sentences, each with the UID that it is about."""

    events: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    warnings: list[str]
    complete: bool = True
    """Whether nothing was left out for being too much, so that a missing event is really gone."""
    name: str = ""
    """The calendar's own name, or empty."""
    whole: bool = True
    """Whether the file has its END:VCALENDAR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The user for whom a file is read, and the span of it that is read."""

    user_id: str
    project_id: str | None
    """The project of its to-dos; None leaves them out."""
    zone: str
    """The user's zone, for times without one."""
    window_start: Instant
    window_end: Instant
    now: Instant
    email: str | None = None
    charset: str | None = None
    """The charset that the server names."""
    processor_time: ProcessorTime = field(default_factory=ProcessorTime)


def parse_calendar(source: bytes | BinaryIO, reader: Reader) -> CalendarImport:
    """Read a calendar file: the events that overlap the reader's window, and all to-dos.

    `source` is the file itself, or a seekable stream. Ids are made from the user, the UID and the
    instance, so that another import updates the same items. An event that is cancelled, or declined
    by the reader, is returned with that status, so that an earlier import of it changes too. A
    component that cannot be read is left out with a warning.

    Raises Malformed if it is not a calendar file, TooLarge over 32 MiB or if its lines alone take
    too much processor time, Unprocessable if the window or the zone is not possible.
    """
    if not reader.window_start < reader.window_end:
        raise Unprocessable.field("windowEnd", "must lie after windowStart")
    if reader.window_start.year <= EARLIEST_YEAR or reader.window_end.year >= LATEST_YEAR:
        raise Unprocessable.field(
            "windowStart", f"must lie in {EARLIEST_YEAR + 1}–{LATEST_YEAR - 1}"
        )
    if not is_zone(reader.zone):
        raise Unprocessable.field("defaultZone", "must be an IANA time zone like Europe/Berlin")
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        file = read_lines(stream, InWindow(reader), reader.charset)
    except ProcessorTimeSpentError:
        raise TooLarge("the calendar takes too long to read") from None
    zones = Zones(file.zones, zone_or_utc(reader.zone), reader.now, file.zone)
    warnings = Warnings()
    _warn_of_file(file, warnings)
    budget = Budget(FILE_STEPS, processor_time=reader.processor_time)
    reading = _Reading(file, reader, zones, warnings, budget)
    events = reading.events()
    tasks = reading.tasks()
    for note in zones.notes:
        warnings.add(note)
    return CalendarImport(
        events,
        tasks,
        warnings.all(),
        complete=not file.too_many and not reading.cut_short,
        name=one_line(file.name.replace("\\,", ",").replace("\\;", ";"))[:_MOST_NAME_CHARS],
        whole=file.whole,
    )


def _warn_of_file(file: File, warnings: Warnings) -> None:
    if file.is_charset_guessed:
        warnings.add("the file is not in UTF-8; it was read as Windows-1252")
    elif file.damaged_lines:
        warnings.add(f"lines that are not valid UTF-8: {file.damaged_lines:,}")
    if file.too_many:
        warnings.add(f"only the newest {MAX_COMPONENTS:,} components of the file were read")


class InWindow:
    """Drops what cannot matter while the file is read, so that long calendars cost little."""

    def __init__(self, reader: Reader) -> None:
        self._takes_tasks = reader.project_id is not None
        self._processor_time = reader.processor_time
        self._first = (reader.window_start - _MARGIN).date()
        self._last = (reader.window_end + _MARGIN).date()

    def __call__(self, lines: Lines) -> bool:
        """Whether an event may overlap the window; what is over before it or begins after it does
        not.
        """
        self._processor_time.check()
        if lines.name == "VTODO":
            return self._takes_tasks
        if lines.values("RRULE") or lines.values("RDATE"):
            return True
        if any("THISANDFUTURE" in line for line in lines.lines if line.startswith("RECURRENCE-ID")):
            return True
        names = ("DTSTART", "DTEND", "RECURRENCE-ID")
        days = [day for name in names for day in days_of(lines.value(name))]
        if not days:
            return True
        lasts = min(days_within(lines.value("DURATION")), (date.max - max(days)).days)
        return max(days) + timedelta(lasts) >= self._first and min(days) <= self._last


def _address(mail: str | None) -> str:
    return (mail or "").strip().casefold().removeprefix("mailto:")


@dataclass(slots=True)
class _Reading:
    """One file while it is read."""

    file: File
    reader: Reader
    zones: Zones
    warnings: Warnings
    budget: Budget
    cut_short: bool = False

    def events(self) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        window = Window(self.reader.window_start, self.reader.window_end, self.zones)
        try:
            # Single events cost next to nothing and come first, so that no series keeps them out.
            for uid, items in sorted(self._series().items(), key=_repeats):
                self.reader.processor_time.check()
                for instance in self._laid_out(items, window):
                    event = self._event(uid, instance)
                    if event is not None:
                        found.setdefault(event["id"], event)
                    if len(found) >= MAX_EVENTS:
                        raise BudgetSpentError
        except BudgetSpentError:
            self.cut_short = True
            self.warnings.add(f"the file holds too much; only {len(found):,} events were taken")
        except ProcessorTimeSpentError:
            self.cut_short = True
            why = "the file takes too long to read"
            self.warnings.add(f"{why}; only {len(found):,} events were taken")
        return sorted(found.values(), key=_start)

    def _series(self) -> dict[str, list[Item]]:
        series: dict[str, list[Item]] = {}
        for uid, lines, warn in self._components("VEVENT", "event"):
            self.reader.processor_time.check()
            try:
                item = read_item(lines, self.zones, warn)
            except (ValueError, OverflowError) as error:
                warn(f"{_said(error)}; it was left out")
            else:
                series.setdefault(uid, []).append(item)
        return series

    def _components(self, name: str, noun: str) -> Iterator[tuple[str, Lines, Warn]]:
        for lines in self.file.named(name):
            uid = uid_of(lines)
            warn = self.warnings.about(noun, uid)
            if lines.whole:
                yield uid, lines, warn
            else:
                warn("has no end; it was left out")

    def _laid_out(self, items: list[Item], window: Window) -> Iterator[Instance]:
        try:
            yield from lay_out(items, window, self.budget)
        except (ValueError, OverflowError, TypeError):
            items[0].warn("can't be laid out over time; it was left out")

    def _event(self, uid: str, instance: Instance) -> dict[str, Any] | None:
        item = instance.item
        start, end = instance.start, instance.end
        days = self._as_days(instance) if item.lines.is_marked_all_day else None
        if days is not None:
            start, end = days
        if start.year <= EARLIEST_YEAR:
            item.warn(f"begins in the year {start.year} and goes on; it was left out")
            return None
        if end is not None and end.year >= LATEST_YEAR:
            item.warn(f"ends in the year {end.year}; its end was left out")
            end = None if isinstance(start, datetime) else start + _DAY
        all_day = not isinstance(start, datetime)
        times: dict[str, Any] = {
            "startDate" if all_day else "startAt": spelled(start),
            "endDate" if all_day else "endAt": None if end is None else spelled(end),
        }
        return {
            "id": stable_id(self.reader.user_id, uid, instance.key),
            "userId": self.reader.user_id,
            "title": title(item.component, item.warn),
            "allDay": all_day,
            **times,
            "status": self._status(item.component),
            "declined": self._declined(item.component),
            "location": location(item.component, item.warn),
        }

    def _as_days(self, instance: Instance) -> tuple[date, date] | None:
        """The days of an item that is marked as all-day but has times; None if it has other times.

        Midnight by its own zone, or by the calendar's if it is in UTC.
        """
        start, end = instance.start, instance.end
        if not isinstance(start, datetime) or not isinstance(end, datetime | None):
            return None
        for zone in (start.tzinfo, self.zones.floating):
            assert zone is not None
            first = start.replace(tzinfo=None) if zone is start.tzinfo else wall(start, zone)
            if first.time() == time(0):
                last = first if end is None else wall(end, zone)
                over = last.date() if last.time() == time(0) else last.date() + _DAY
                return first.date(), max(over, first.date() + _DAY)
        return None

    def _status(self, component: Any) -> str:
        if self.file.method == "CANCEL":
            return "cancelled"
        stated = text_of(component, "STATUS").strip().lower()
        return stated if stated in ("tentative", "cancelled") else "confirmed"

    def _declined(self, component: Any) -> bool:
        mail = _address(self.reader.email)
        return bool(mail) and any(
            str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"
            and mail in (_address(str(attendee)), _address(str(attendee.params.get("EMAIL", ""))))
            for attendee in several(component, "ATTENDEE")
        )

    def tasks(self) -> list[dict[str, Any]]:
        if self.reader.project_id is None:
            if self.file.dropped_tasks:
                self.warnings.add(f"to-dos need a project; left out: {self.file.dropped_tasks:,}")
            return []
        tasks = Tasks(self.reader.user_id, self.reader.project_id, self.zones, self._today())
        found: list[dict[str, Any]] = []
        for uid, todos in self._todos(tasks).items():
            try:
                task = tasks.task(uid, todos, self.budget)
            except (ValueError, OverflowError, TypeError):
                todos[0].item.warn("can't be laid out over time; it was left out")
            except (BudgetSpentError, ProcessorTimeSpentError):
                self.warnings.add("the file holds too much; not all of its to-dos were taken")
                self.cut_short = True
                break
            else:
                found += [] if task is None else [task]
        return found

    def _todos(self, tasks: Tasks) -> dict[str, list[Todo]]:
        found: dict[str, list[Todo]] = {}
        for uid, lines, warn in self._components("VTODO", "to-do"):
            try:
                found.setdefault(uid, []).append(tasks.read(lines, warn))
            except (ValueError, OverflowError) as error:
                warn(f"{_said(error)}; it was left out")
        return {uid: todos for uid, todos in found.items() if todos}

    def _today(self) -> Instant:
        local = wall(self.reader.now, self.zones.reader)
        return datetime.combine(local.date(), time(0), self.zones.reader)


def _said(error: Exception) -> str:
    return "has an impossible date" if isinstance(error, OverflowError) else str(error)


def _repeats(series: tuple[str, list[Item]]) -> bool:
    return any(item.repeats for item in series[1])


def _start(event: dict[str, Any]) -> tuple[str, str]:
    return str(event.get("startAt") or event.get("startDate")), str(event["id"])


def last_moment(event: dict[str, Any]) -> str:
    """The end of an event that was read, an instant or a day as the API writes it."""
    names = ("endAt", "endDate", "startAt", "startDate")
    return str(next(event[name] for name in names if event.get(name)))
