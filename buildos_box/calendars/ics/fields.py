"""Converts iCalendar properties to the fields of `POST /sync`: ids, texts, times.

The rules: docs/spec.md#imports.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from typing import Any

from buildos_box.calendars.ics.component_parser import ZONE, Lines, zone_name
from buildos_box.calendars.ics.decoding import CONTROL_CHARS, one_line
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import to_text
from buildos_box.workspace.fields import TEXT_CHARS, TITLE_CHARS

Moment = date | datetime
"""A day, or an aware datetime that keeps its zone."""

Warn = Callable[[str], None]
"""Called with a fault of one component; the text fits after the component's name."""

MAX_WARNINGS = 200
UNTITLED = "(untitled)"

_SHOWN_UID_CHARS = 100


@dataclass(slots=True)
class Warnings:
    """Warnings for the user who imports, at most 200 sentences."""

    said: dict[str, None] = field(default_factory=dict)
    left_out: int = 0

    def add(self, text: str) -> None:
        """Add a warning, unless it is there already."""
        if text in self.said:
            return
        if len(self.said) < MAX_WARNINGS:
            self.said[text] = None
        else:
            self.left_out += 1

    def about(self, noun: str, uid: str) -> Warn:
        """A function that adds a warning about one component."""
        return lambda text: self.add(f"{noun} {one_line(uid)[:_SHOWN_UID_CHARS]!r} {text}")

    def all(self) -> list[str]:
        """The sentences."""
        more = [f"and {self.left_out:,} more"] if self.left_out else []
        return [*self.said, *more]


def uid_of(lines: Lines) -> str:
    """Its UID, or one made of its contents if it has none."""
    found = one_line(lines.value("UID"))
    if found:
        return found
    spelled = "\n".join(lines.value(name) for name in ("SUMMARY", "DTSTART", "DUE"))
    return f"no-uid-{sha256(spelled.encode('utf-8', errors='replace')).hexdigest()[:20]}"


def single(component: Any, name: str) -> Any:
    """The first readable property of that name; None if there is none."""
    return next(iter(several(component, name)), None)


def several(component: Any, name: str) -> list[Any]:
    """The readable properties of that name."""
    found = component.get(name)
    values = found if isinstance(found, list) else [] if found is None else [found]
    return [value for value in values if type(value).__name__ != "vBroken"]


def text_of(component: Any, name: str) -> str:
    """A text property, empty if there is none."""
    return str(single(component, name) or "")


def clipped(text: str, longest: int, what: str, warn: Warn) -> str:
    """At most that many characters, with a warning if the text was longer."""
    if len(text) <= longest:
        return text
    warn(f"has a {what} of {len(text):,} characters; the first {longest:,} were taken")
    return f"{text[: longest - 1]}…"


def title(component: Any, warn: Warn) -> str:
    """The title, from SUMMARY."""
    found = one_line(text_of(component, "SUMMARY"))
    return clipped(found, TITLE_CHARS, "title", warn) or UNTITLED


def location(component: Any, warn: Warn) -> str | None:
    """The place, from LOCATION, on one line."""
    found = one_line(text_of(component, "LOCATION"))
    return clipped(found, TITLE_CHARS, "location", warn) or None


def description(component: Any, warn: Warn) -> str:
    """The description, from DESCRIPTION, with its line breaks."""
    found = text_of(component, "DESCRIPTION").replace("\r\n", "\n").replace("\r", "\n")
    return clipped(CONTROL_CHARS.sub("", found), TEXT_CHARS, "description", warn)


def moment(
    component: Any, name: str, zones: Zones, floating: tzinfo | None = None
) -> Moment | None:
    """A date or time such as DTSTART; None without one. `floating`: see `located`.

    Raises ValueError if the property is not a date.
    """
    if component.get(name) is None:
        return None
    found = single(component, name)
    if found is None:
        raise ValueError(f"has a {name} that is not a date")
    return located(getattr(found, "dt", None), found.params.get(ZONE), zones, name, floating)


def located(
    value: Any, zone: Any, zones: Zones, name: str, floating: tzinfo | None = None
) -> Moment:
    """A day unchanged, a time in its zone; a time without a zone in `floating`, or else the file's.

    A time in UTC is given in the zone that the calendar names, if it names one, so that it repeats
    by local time there, as the library `x-wr-timezone` does. Raises ValueError if the value is not
    a date.
    """
    if not isinstance(value, date):
        raise ValueError(f"has a {name} that is not a date")
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is not None:
        return value.astimezone(zones.calendar or UTC)
    named = zone_name(zone)
    if named is None:
        return value.replace(tzinfo=floating or zones.floating)
    return value.replace(tzinfo=zones.find(named))


def plus(start: Moment, duration: timedelta, *, exact: bool) -> Moment:
    """Add days on the calendar, or hours of elapsed time (RFC 5545, 3.3.6)."""
    if not isinstance(start, datetime):
        return start + max(timedelta(days=1), timedelta(days=-(-duration // timedelta(days=1))))
    if exact:
        return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)
    days = start + timedelta(days=duration.days)
    rest = timedelta(seconds=duration.seconds)
    return (days.astimezone(UTC) + rest).astimezone(start.tzinfo)


def is_exact(duration: str) -> bool:
    """Whether a DURATION has no days, and so means elapsed time."""
    return "PT" in duration.upper()


def sort_time(value: Moment) -> datetime:
    """A sort key for days and times of one series: a day as its midnight, without zones."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.combine(value, time(0))


def spelled(value: Moment) -> str:
    """A day or an instant as the API writes it."""
    return to_text(value) if isinstance(value, datetime) else value.isoformat()
