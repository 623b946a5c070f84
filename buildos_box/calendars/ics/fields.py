"""From what iCalendar says to what `POST /sync` takes: ids, texts, moments.

The rules: docs/spec.md#imports.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from typing import Any

from buildos_box.calendars.ics.lines import ZONE, Lines, zone_name
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import to_text
from buildos_box.workspace.fields import TEXT_CHARS, TITLE_CHARS

Moment = date | datetime
"""A day, or an aware instant that remembers its zone."""

Warn = Callable[[str], None]
"""Takes what is wrong with one component, in words that fit after its name."""

MAX_WARNINGS = 200
UNTITLED = "(untitled)"

_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SHOWN_UID_CHARS = 100


@dataclass(slots=True)
class Warnings:
    """What could not be taken as it was, for the person who imports; at most 200 sentences."""

    said: dict[str, None] = field(default_factory=dict)
    left_out: int = 0

    def add(self, text: str) -> None:
        """Note it, once."""
        if text in self.said:
            return
        if len(self.said) < MAX_WARNINGS:
            self.said[text] = None
        else:
            self.left_out += 1

    def about(self, noun: str, uid: str) -> Warn:
        """A function that notes what is wrong with one component."""
        return lambda text: self.add(f"{noun} {one_line(uid)[:_SHOWN_UID_CHARS]!r} {text}")

    def all(self) -> list[str]:
        """The sentences."""
        more = [f"and {self.left_out:,} more"] if self.left_out else []
        return [*self.said, *more]


def one_line(text: str) -> str:
    """Without line breaks and characters that are no text."""
    return _NO_TEXT.sub("", " ".join(text.split()))


def stable_id(user_id: str, uid: str, instance: str = "", *, source: str = "ics") -> str:
    """The same thing of the same user gets the same id in every import; 44 characters."""
    parts = (user_id, uid, instance)
    spelled = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{source}-{sha256(spelled.encode('utf-8', errors='replace')).hexdigest()[:40]}"


def uid_of(lines: Lines) -> str:
    """Its UID; if it has none, one made of what it says."""
    found = one_line(lines.value("UID"))
    if found:
        return found
    spelled = "\n".join(lines.value(name) for name in ("SUMMARY", "DTSTART", "DUE"))
    return f"no-uid-{sha256(spelled.encode('utf-8', errors='replace')).hexdigest()[:20]}"


def single(component: Any, name: str) -> Any:
    """The first property of that name that could be read; None without one."""
    return next(iter(several(component, name)), None)


def several(component: Any, name: str) -> list[Any]:
    """Those of that name that could be read."""
    found = component.get(name)
    values = found if isinstance(found, list) else [] if found is None else [found]
    return [value for value in values if type(value).__name__ != "vBroken"]


def text_of(component: Any, name: str) -> str:
    """A text, empty without one."""
    return str(single(component, name) or "")


def clipped(text: str, longest: int, what: str, warn: Warn) -> str:
    """At most that many characters; says so if some had to go."""
    if len(text) <= longest:
        return text
    warn(f"has a {what} of {len(text):,} characters; the first {longest:,} were taken")
    return f"{text[: longest - 1]}…"


def title(component: Any, warn: Warn) -> str:
    """SUMMARY as a title."""
    found = one_line(text_of(component, "SUMMARY"))
    return clipped(found, TITLE_CHARS, "title", warn) or UNTITLED


def location(component: Any, warn: Warn) -> str | None:
    """LOCATION, on one line."""
    found = one_line(text_of(component, "LOCATION"))
    return clipped(found, TITLE_CHARS, "location", warn) or None


def description(component: Any, warn: Warn) -> str:
    """DESCRIPTION, with its lines."""
    found = text_of(component, "DESCRIPTION").replace("\r\n", "\n").replace("\r", "\n")
    return clipped(_NO_TEXT.sub("", found), TEXT_CHARS, "description", warn)


def moment(
    component: Any, name: str, zones: Zones, floating: tzinfo | None = None
) -> Moment | None:
    """DTSTART and its like; None without one. `floating`: see `located`.

    Raises ValueError if there is one that is no date.
    """
    if component.get(name) is None:
        return None
    found = single(component, name)
    if found is None:
        raise ValueError(f"has a {name} that is no date")
    return located(getattr(found, "dt", None), found.params.get(ZONE), zones, name, floating)


def located(
    value: Any, zone: Any, zones: Zones, name: str, floating: tzinfo | None = None
) -> Moment:
    """A day as it is, a time in its zone; one without a zone in `floating`, else the file's.

    A time in UTC is given in the zone that the calendar names, if it names one, so that it
    repeats by the clocks there: the rule of the library `x-wr-timezone`. Raises ValueError for
    what is no date.
    """
    if not isinstance(value, date):
        raise ValueError(f"has a {name} that is no date")
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is not None:
        return value.astimezone(zones.calendar or UTC)
    named = zone_name(zone)
    if named is None:
        return value.replace(tzinfo=floating or zones.floating)
    return value.replace(tzinfo=zones.find(named))


def plus(start: Moment, duration: timedelta, *, exact: bool) -> Moment:
    """Days on the calendar, or hours on a stopwatch (RFC 5545, 3.3.6)."""
    if not isinstance(start, datetime):
        return start + max(timedelta(days=1), timedelta(days=-(-duration // timedelta(days=1))))
    if exact:
        return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)
    days = start + timedelta(days=duration.days)
    rest = timedelta(seconds=duration.seconds)
    return (days.astimezone(UTC) + rest).astimezone(start.tzinfo)


def is_exact(duration: str) -> bool:
    """Whether a DURATION counts no days, and so means hours on a stopwatch."""
    return "PT" in duration.upper()


def sort_time(value: Moment) -> datetime:
    """Days and times of one series in one order: a day as its midnight, without zones."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.combine(value, time(0))


def spelled(value: Moment) -> str:
    """A day or an instant as the API has it."""
    return to_text(value) if isinstance(value, datetime) else value.isoformat()
