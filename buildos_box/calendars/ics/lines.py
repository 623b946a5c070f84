"""An iCalendar file (RFC 5545, 3.1) as components of unfolded lines, with only what is needed.

Split here and not by a library, so that one broken component costs that one alone, and so that
a file's own time zones never enter icalendar's process-wide table, where the next file would
find them.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from icalendar import Event

from buildos_box.errors import Malformed, TooLarge

MAX_BYTES = 32 * 1024 * 1024
"""As large as an import may be."""
MAX_COMPONENTS = 50_000
MAX_LINE_CHARS = 500_000
_MOST_LINES = 10_000
_MOST_OBSERVANCES = 500

ZONE = "X-BOX-ZONE"
"""The parameter TZID by another name: zones are looked up here, not by icalendar."""

_FOLD = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_LINE = re.compile(r"[^\r\n]+")
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
_TZID = re.compile(r';TZID=("[^"]*"|[^;:"]*)(?=[;:])', re.IGNORECASE)
_DATES = frozenset({"DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "RDATE", "EXDATE"})
_KEPT = (
    _DATES
    | {"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "DURATION", "RRULE", "SEQUENCE"}
    | {"ATTENDEE", "COMPLETED", "PRIORITY", "PERCENT-COMPLETE"}
    | {"TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION"}
)
_OBSERVANCES = frozenset({"STANDARD", "DAYLIGHT"})
_READ = frozenset({"VEVENT", "VTODO", "VTIMEZONE"})


@dataclass(slots=True)
class Lines:
    """One component: its lines, and those inside it that matter (a time zone's observances)."""

    name: str
    lines: list[str] = field(default_factory=list)
    inside: list["Lines"] = field(default_factory=list)
    whole: bool = False
    """Whether its end was found."""

    def value(self, name: str) -> str:
        """What stands after the colon of the first line of that name, as it was written."""
        start = (f"{name};", f"{name}:")
        line = next((line for line in self.lines if line.upper().startswith(start)), "")
        return line.partition(":")[2].strip()

    def parsed(self) -> Any:
        """Its properties, by icalendar. Raises ValueError if that gives up on them.

        Read as an event whatever it is: events bear with a property that can't be read.
        """
        body = "\r\n".join(("BEGIN:VEVENT", *self.lines, "END:VEVENT"))
        try:
            return Event.from_ical(body)
        # A stranger's text in somebody else's parser: whatever it trips over is the text's fault.
        except Exception as error:
            raise ValueError("can't be read") from error


@dataclass(slots=True)
class File:
    """What a file holds."""

    components: list[Lines] = field(default_factory=list)
    method: str = ""
    """`CANCEL` if the file calls its events off (RFC 5546)."""
    charset_guessed: bool = False
    too_many: bool = False
    """Whether there were more components than `MAX_COMPONENTS`."""

    def named(self, name: str) -> list[Lines]:
        """The components of that name."""
        return [component for component in self.components if component.name == name]


def read_lines(data: bytes) -> File:
    """Split a file. Raises TooLarge, or Malformed if this is no iCalendar file."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a calendar file may have at most {MAX_BYTES // 1024**2} MiB")
    text, guessed = _decode(data)
    lines = (match[0].strip() for match in _LINE.finditer(text))
    if next((line for line in lines if line), "").upper() != "BEGIN:VCALENDAR":
        raise Malformed("this is no iCalendar file: it does not begin with BEGIN:VCALENDAR")
    file = _split(lines)
    file.charset_guessed = guessed
    return file


def _decode(data: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding had to be guessed: RFC 5545 says UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
        data = text.encode("utf-8", errors="replace")
    # Some fold in the middle of a character, so that only unfolded bytes can be decoded.
    unfolded = _FOLD.sub(b"", data)
    try:
        return unfolded.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return unfolded.decode("cp1252", errors="replace"), True


def _split(lines: Iterator[str]) -> File:
    file = File()
    current: Lines | None = None
    inner: list[str] = []
    """What is open inside the current component."""
    for line in lines:
        name = _name(line)
        what = line[len(name) + 1 :].strip().upper()
        if name == "BEGIN" and (what in _READ or what == "VCALENDAR"):
            current, inner = _component(file, what), []
        elif current is None:
            file.method = what if name == "METHOD" else file.method
        elif name == "BEGIN":
            if not inner and what in _OBSERVANCES and len(current.inside) < _MOST_OBSERVANCES:
                current.inside.append(Lines(what))
            inner.append(what)
        elif name == "END":
            if what in inner:
                del inner[inner.index(what) :]
            elif what in (current.name, "VCALENDAR"):
                current.whole = what == current.name
                current = None
        elif name in _KEPT:
            _keep(current, inner, name, line)
    return file


def _component(file: File, name: str) -> Lines | None:
    if name == "VCALENDAR":
        return None
    if len(file.components) >= MAX_COMPONENTS:
        file.too_many = True
        return None
    file.components.append(Lines(name))
    return file.components[-1]


def _keep(current: Lines, inner: list[str], name: str, line: str) -> None:
    if inner:
        if len(inner) > 1 or inner[0] not in _OBSERVANCES or not current.inside:
            return
        current = current.inside[-1]
    if len(current.lines) < _MOST_LINES:
        line = line[:MAX_LINE_CHARS]
        current.lines.append(_TZID.sub(rf";{ZONE}=\1", line, count=1) if name in _DATES else line)


def _name(line: str) -> str:
    match = _NAME.match(line)
    return match[0].upper() if match else ""
