"""Splits an iCalendar file (RFC 5545, 3.1) into components of logical lines, only those needed.

It is split here and not by a library for three reasons: a broken component costs only itself, a
file's own time zones never enter icalendar's process-wide table, and old events are dropped while
the file is still being read.
"""

import heapq
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

from icalendar import Event

from buildos_box.calendars.ics.dates import normalised
from buildos_box.calendars.ics.decoding import open_text
from buildos_box.calendars.ics.quoted_printable import decoded
from buildos_box.errors import Malformed

MAX_COMPONENTS = 50_000
MAX_LINE_CHARS = 500_000
_MOST_LINES = 10_000
_MOST_OBSERVANCES = 500
_MOST_ZONES = 1_000

ZONE = "X-ZONE-NAME"
"""The parameter TZID under another name and percent-encoded: zones are looked up here and not by
icalendar, and a name may have characters that a parameter may not.
"""

_NAME = re.compile(r"([A-Za-z0-9-]+)[ \t]*(?=[;:])")
_HEAD = re.compile(r'((?:[^":]++|"[^"]*+")*+):')
_TZID = re.compile(
    r';TZID=("[^"]*"|[^"]{0,200}?)(?=;[A-Za-z-]+=|:\s*[0-9]{4}-?[0-9]{2}-?[0-9]{2})'
    r'|;TZID=("[^"]*"|[^;:"]*)(?=[;:])',
    re.IGNORECASE,
)
_VALUE = re.compile(r";VALUE=(\"?)(DATE|DATE-TIME)\1(?=[;:])", re.IGNORECASE)
_TIME = re.compile(r"[Tt](?!00:?00)")
_DATES = frozenset({"DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "RDATE", "EXDATE", "COMPLETED"})
_ALL_DAY = frozenset({"X-MICROSOFT-CDO-ALLDAYEVENT", "X-FUNAMBOL-ALLDAY"})
_KEPT = (
    _DATES
    | _ALL_DAY
    | {"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "DURATION", "SEQUENCE"}
    | {"RRULE", "EXRULE", "ATTENDEE", "PRIORITY", "PERCENT-COMPLETE"}
    | {"TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION"}
)
_MATTERS = _KEPT | {"BEGIN", "END"}
_CALENDAR_NAMES = ("X-WR-CALNAME", "NAME")
_OBSERVANCES = frozenset({"STANDARD", "DAYLIGHT"})
_READ = frozenset({"VEVENT", "VTODO", "VTIMEZONE"})


@dataclass(slots=True)
class Lines:
    """One component: its lines, and the components inside it that matter (observances)."""

    name: str
    lines: list[str] = field(default_factory=list)
    inside: list["Lines"] = field(default_factory=list)
    whole: bool = False
    """Whether its end was found."""

    def values(self, name: str) -> list[str]:
        """The text after the colon of each line of that name, as it was written."""
        start = (f"{name};", f"{name}:")
        return [split_line(line)[1] for line in self.lines if line.startswith(start)]

    def value(self, name: str) -> str:
        """The first of them, empty without one."""
        return next(iter(self.values(name)), "")

    @property
    def is_marked_all_day(self) -> bool:
        """Whether Outlook or Funambol mark it as all-day although it has times."""
        return any(self.value(name).upper() in ("TRUE", "1") for name in _ALL_DAY)

    def parsed(self) -> Any:
        """Its properties, parsed by icalendar. Raises ValueError if they cannot be parsed.

        Every component is parsed as an event, because events tolerate unreadable properties.
        Recurrence rules are read elsewhere, part by part.
        """
        lines = (line for line in self.lines if not line.startswith(("RRULE", "EXRULE")))
        body = "\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT"))
        try:
            return Event.from_ical(body)
        # icalendar raises many kinds of errors for malformed input; all mean that it cannot be
        # read.
        except Exception as error:
            raise ValueError("can't be read") from error


Wanted = Callable[[Lines], bool]
"""Whether to keep a component, called at its end."""


@dataclass(slots=True)
class File:
    """The contents of a file."""

    components: list[Lines] = field(default_factory=list)
    zones: list[Lines] = field(default_factory=list)
    method: str = ""
    """`CANCEL` if the file cancels its events (RFC 5546)."""
    name: str = ""
    """The calendar's own name."""
    zone: str = ""
    """X-WR-TIMEZONE: the zone of its floating times."""
    whole: bool = False
    """Whether the file's last calendar has an end."""
    is_charset_guessed: bool = False
    damaged_lines: int = 0
    too_many: bool = False
    """Whether there were more components than `MAX_COMPONENTS`."""
    dropped_tasks: int = 0

    def named(self, name: str) -> list[Lines]:
        """The components of that name."""
        return [component for component in self.components if component.name == name]


def read_lines(
    source: BinaryIO,
    wanted: Wanted,
    charset: str | None = None,
    *,
    most: int = MAX_COMPONENTS,
) -> File:
    """Split a seekable file.

    Of more than `most` components those that repeat or begin last are kept. Raises TooLarge,
    Malformed if this is not an iCalendar file, ProcessorTimeSpentError.
    """
    text = open_text(source, charset)
    lines = text.lines()
    if next(lines, "").upper() != "BEGIN:VCALENDAR":
        raise Malformed("this is not an iCalendar file: it does not begin with BEGIN:VCALENDAR")
    splitter = _Splitter(wanted, most)
    for line in lines:
        splitter.take(line)
    file = splitter.done()
    file.is_charset_guessed = text.is_guessed
    file.damaged_lines = text.damaged
    return file


class _Splitter:
    """Collects the components of a file in `file`, line by line."""

    def __init__(self, wanted: Wanted, most: int) -> None:
        self._file = File()
        self._wanted = wanted
        self._most = most
        self._in_calendar = True
        self._current: Lines | None = None
        self._inner: list[str] = []
        """The components that are open inside the current one."""
        self._newest: list[tuple[str, int, Lines]] = []
        """A heap, the oldest first."""
        self._count = 0

    def take(self, line: str) -> None:
        """Process one logical line."""
        match = _NAME.match(line)
        name = match[1].upper() if match else ""
        if self._current is not None and name not in _MATTERS:
            return
        head, value = split_line(line)
        if name == "BEGIN":
            self._begin(value.upper())
        elif name == "END":
            self._end(value.upper())
        elif self._current is None:
            self._of_calendar(name, value)
        elif match is not None:
            self._keep(self._current, name, name + head[match.end() :], value)

    def _of_calendar(self, name: str, value: str) -> None:
        file = self._file
        if not self._in_calendar:
            return
        if name == "METHOD":
            file.method = value.upper()
        elif name in _CALENDAR_NAMES:
            file.name = file.name or value
        elif name == "X-WR-TIMEZONE":
            file.zone = file.zone or value

    def _begin(self, what: str) -> None:
        if what == "VCALENDAR":
            self._close()
            self._in_calendar, self._file.whole = True, False
        elif what in _READ:
            self._close()
            self._current, self._inner = Lines(what), []
        elif self._current is not None:
            inside = self._current.inside
            if not self._inner and what in _OBSERVANCES and len(inside) < _MOST_OBSERVANCES:
                inside.append(Lines(what))
            self._inner.append(what)

    def _end(self, what: str) -> None:
        if what in self._inner:
            del self._inner[self._inner.index(what) :]
        elif self._current is not None and what == self._current.name:
            self._current.whole = True
            self._close()
        elif what == "VCALENDAR":
            self._close()
            self._in_calendar, self._file.whole = False, True

    def _close(self) -> None:
        """End the open component, if any."""
        found, self._current, self._inner = self._current, None, []
        if found is None:
            return
        if found.name == "VTIMEZONE":
            if len(self._file.zones) < _MOST_ZONES:
                self._file.zones.append(found)
        elif self._wanted(found):
            self._count += 1
            heapq.heappush(self._newest, (_age(found), self._count, found))
            if len(self._newest) > self._most:
                heapq.heappop(self._newest)
                self._file.too_many = True
        elif found.name == "VTODO":
            self._file.dropped_tasks += 1

    def _keep(self, current: Lines, name: str, head: str, value: str) -> None:
        if self._inner:
            if len(self._inner) > 1 or self._inner[0] not in _OBSERVANCES or not current.inside:
                return
            current = current.inside[-1]
        if len(current.lines) < _MOST_LINES:
            head, value = decoded(head, value)
            if name in _DATES:
                head, value = _with_plain_dates(head, value)
            current.lines.append(f"{head}:{value}"[:MAX_LINE_CHARS])

    def done(self) -> File:
        """Everything found; a component that is still open has no end."""
        self._close()
        self._file.components = [found for _, _, found in sorted(self._newest, key=_place)]
        return self._file


def _place(entry: tuple[str, int, Lines]) -> int:
    return entry[1]


def _age(lines: Lines) -> str:
    """A sort key that puts the components to drop first to the front."""
    if lines.values("RRULE") or lines.values("RDATE"):
        return "9"
    return lines.value("DTSTART")[:8] or lines.value("DUE")[:8]


def split_line(line: str) -> tuple[str, str]:
    """Name with parameters, and the text after the first colon outside a quoted parameter."""
    match = _HEAD.match(line)
    head, value = (match[1], line[match.end() :]) if match else line.partition(":")[::2]
    return head, value.strip()


def _with_plain_dates(head: str, value: str) -> tuple[str, str]:
    """The line with its zone under a name that icalendar does not look up, and normalised dates."""
    head, value = split_line(_TZID.sub(_zone_parameter, f"{head}:{value}", count=1))
    form = _VALUE.search(f"{head}:")
    if form is not None:
        head = f"{head[: form.start()]}{head[form.end() :]}"
    # Some programs write VALUE=DATE with a time; the time is meant unless it is midnight.
    is_date = form is not None and form[2].upper() == "DATE"
    days_only = is_date and _TIME.search(value) is None
    return head, normalised(value, days_only=days_only)


def _zone_parameter(match: re.Match[str]) -> str:
    name = (match[1] or match[2] or "").strip('"')
    return f";{ZONE}={_encoded(name)}"


@lru_cache(maxsize=64)
def _encoded(name: str) -> str:
    return quote(name, safe="")


def zone_name(parameter: Any) -> str | None:
    """The zone that a property names, as it was written; None if it names none."""
    return None if parameter is None else unquote(str(parameter))
