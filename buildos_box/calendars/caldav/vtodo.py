"""Changes single properties of a to-do's text, and keeps all else of it (RFC 5545, 3.1)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9-]+")
_FOLD = re.compile(r"\r?\n[ \t]")
_OCTETS = 75
Properties = Mapping[str, str | None]
"""By name: the whole line to write (`SUMMARY:Milk`), or None to leave the property out."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a VTODO stands among the lines: its BEGIN and its END."""

    begin: int
    end: int


def _name(line: str) -> str:
    found = _NAME.match(line)
    return found[0].upper() if found else ""


def _lines(text: str) -> list[str]:
    return [line for line in re.split(r"\r?\n", _FOLD.sub("", text)) if line]


def _todos(lines: list[str]) -> Iterator[_Part]:
    begin = None
    for number, line in enumerate(lines):
        bare = line.upper().rstrip()
        if bare == "BEGIN:VTODO":
            begin = number
        elif bare == "END:VTODO" and begin is not None:
            yield _Part(begin, number)
            begin = None


def _own(lines: list[str], part: _Part) -> Iterator[int]:
    """The numbers of its own properties, without those of its alarms."""
    depth = 0
    for number in range(part.begin + 1, part.end):
        name = _name(lines[number])
        if name == "BEGIN":
            depth += 1
        elif name == "END":
            depth -= 1
        elif depth == 0:
            yield number


def _value(lines: list[str], part: _Part, name: str) -> str | None:
    """The whole line of a property; None without it."""
    return next((lines[n] for n in _own(lines, part) if _name(lines[n]) == name), None)


def _part_of(lines: list[str], recurrence_id: str | None) -> _Part | None:
    """The VTODO of that RECURRENCE-ID; None means the to-do itself."""
    parts = list(_todos(lines))
    for part in parts:
        line = _value(lines, part, "RECURRENCE-ID")
        if (line is None) == (recurrence_id is None) and (
            line is None or _same(line, recurrence_id or "")
        ):
            return part
    return None


def _same(line: str, other: str) -> bool:
    return line.rpartition(":")[2].strip().upper() == other.rpartition(":")[2].strip().upper()


def line_of(text: str, name: str, recurrence_id: str | None = None) -> str | None:
    """The whole line of a to-do's property; None without it."""
    lines = _lines(text)
    part = _part_of(lines, recurrence_id)
    return _value(lines, part, name) if part is not None else None


def has_part(text: str, recurrence_id: str) -> bool:
    """Whether that instance of a series has a VTODO of its own."""
    return _part_of(_lines(text), recurrence_id) is not None


def changed(text: str, properties: Properties, recurrence_id: str | None = None) -> str:
    """The text with these properties of one VTODO replaced, and nothing else changed."""
    lines = _lines(text)
    part = _part_of(lines, recurrence_id) or next(_todos(lines))
    written = set()
    out = lines[: part.begin + 1]
    own = set(_own(lines, part))
    missing = [name for name in properties if _value(lines, part, name) is None]
    added = [line for name in missing if (line := properties[name]) is not None]
    last = max(own, default=part.begin)
    for number in range(part.begin + 1, part.end):
        name = _name(lines[number])
        if number in own and name in properties:
            line = properties[name]
            if line is not None and name not in written:
                out.append(line)
            written.add(name)
        else:
            out.append(lines[number])
        if number == last:
            out += added
    if last == part.begin:
        out += added
    return _joined([*out, *lines[part.end :]])


def with_part(text: str, recurrence_id: str, left_out: frozenset[str]) -> str:
    """The text with a VTODO for one instance of its series, copied from the series."""
    lines = _lines(text)
    series = _part_of(lines, None) or next(_todos(lines))
    copied = [lines[n] for n in _own(lines, series) if _name(lines[n]) not in left_out]
    part = ["BEGIN:VTODO", *copied, recurrence_id, "END:VTODO"]
    return _joined([*lines[: series.end + 1], *part, *lines[series.end + 1 :]])


def new_text(uid: str, properties: Properties) -> str:
    """A calendar with one new to-do."""
    lines = [line for line in properties.values() if line is not None]
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//BuildOS//BuildOS Box//EN", "BEGIN:VTODO")
    return _joined([*head, f"UID:{uid}", *lines, "END:VTODO", "END:VCALENDAR"])


def escaped(text: str) -> str:
    """A value of type TEXT (RFC 5545, 3.3.11)."""
    for char, spelled in (
        ("\\", "\\\\"),
        (";", "\\;"),
        (",", "\\,"),
        ("\r\n", "\n"),
        ("\n", "\\n"),
    ):
        text = text.replace(char, spelled)
    return text


def _joined(lines: list[str]) -> str:
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _folded(line: str) -> Iterator[str]:
    """Lines of 75 octets at most; those after the first begin with a blank."""
    piece, size = "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > _OCTETS:
            yield piece
            piece, size = " ", 1
        piece += char
        size += octets
    yield piece
