"""Dates as programs write them, parsed in a user's time zone.

Supported are ISO 8601, milliseconds since 1970, English month names, and numbers such as
12/31/2026, whose order comes from the program, from other dates of the column, or from
`--date-format`. Every parser raises ValueError with a clause that follows the column's name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, at_wall_time, truncate

NOON = time(12)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME_OF_DAY = re.compile(r"%-?[HIMScXs]")
_OFFSET = r"Z|UTC|GMT|[+-]\d{2}:?\d{2}|\(?(?:GMT|UTC)[+-]?\d{0,2}(?::?\d{2})?\)?"
_TIME = re.compile(
    rf"(\d{{1,2}}):(\d{{2}})(?::(\d{{2}})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*({_OFFSET})?(?:\s+\(.+\))?"
)
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:T|,?\s+|$)(.*)")
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:,?\s+|$)(.*)")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?:,?\s+|$)(.*)")
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? ([A-Za-z]{3,9})\.?,? (\d{4})(?:,?\s+|$)(.*)")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? (?=\S+ \S+)", re.IGNORECASE)
_EPOCH_MS = re.compile(r"-?\d{12,13}")
_PHRASE = re.compile(
    r"\b(every|each|daily|weekly|monthly|yearly|today|tonight|tomorrow|next|after|"
    r"(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?s?|in \d+ (days?|weeks?|months?))\b",
    re.IGNORECASE,
)


class Phrase(ValueError):
    """The text is about a time but names no day: `every monday`, `tomorrow at 5pm`."""


@dataclass(frozen=True, slots=True)
class Dates:
    """How a table's dates are written.

    `forms` are tried first, as `strptime` takes them, then the ways above. Raises ValueError for a
    form that strptime does not know.
    """

    zone: ZoneInfo
    forms: tuple[str, ...] = ()
    month_first: bool | None = None
    """How 12/5/2026 is meant; None if unknown."""

    def __post_init__(self) -> None:
        for form in self.forms:
            datetime.strptime(datetime(2026, 11, 30, 14, 5).strftime(form), form)

    def read(self, text: str) -> date | Instant:
        """A day, or an instant if there is a time of day."""
        try:
            for form in self.forms:
                try:
                    found = self._by_form(text, form)
                except ValueError:
                    continue
                return self._placed(found)
            return self._placed(self._by_itself(text))
        except Phrase:
            raise
        except _Ambiguous as error:
            raise ValueError(str(error)) from None
        except (ValueError, OverflowError):
            if _PHRASE.search(text):
                raise Phrase(f"{text!r} does not name a day") from None
            like = " or ".join(self.forms) or "2026-11-30 or 2026-11-30 14:00"
            more = "" if self.forms else "; describe the format with --date-format"
            raise ValueError(f"{text!r} cannot be read as a date like {like}{more}") from None

    def day(self, text: str) -> date:
        """The day, in the user's zone."""
        found = self.read(text)
        return found.astimezone(self.zone).date() if isinstance(found, datetime) else found

    def instant(self, text: str) -> Instant:
        """The instant; for a day alone its noon in the user's zone."""
        found = self.read(text)
        return found if isinstance(found, datetime) else at_wall_time(found, NOON, self.zone)

    def learned_from(self, texts: Iterable[str]) -> "Dates":
        """These dates with the order of numbers that the texts prove (13/5 has the day first)."""
        if self.month_first is not None:
            return self
        for text in texts:
            parts = _NUMBERS.match(text)
            if parts and parts[2] == "/" and max(int(parts[1]), int(parts[3])) > len(_MONTHS):
                return replace(self, month_first=int(parts[3]) > len(_MONTHS))
        return self

    def in_order(self, month_first: bool | None) -> "Dates":
        """These dates with that order of numbers."""
        return replace(self, month_first=month_first)

    def _placed(self, found: date | datetime) -> date | Instant:
        if not isinstance(found, datetime):
            return found
        if found.tzinfo is None:
            return at_wall_time(found.date(), found.time(), self.zone)
        return truncate(found.astimezone(UTC))

    def _by_form(self, text: str, form: str) -> date | datetime:
        found = datetime.strptime(text, form)
        return found if _TIME_OF_DAY.search(form) else found.date()

    def _by_itself(self, text: str) -> date | datetime:
        if _EPOCH_MS.fullmatch(text):
            return self._from_epoch(int(text))
        text = _WEEKDAY.sub("", text.strip(), count=1) if _WEEKDAY.match(text.strip()) else text
        if parts := _ISO.fullmatch(text):
            year, month, day, rest = parts.groups()
        elif parts := _MONTH_FIRST.fullmatch(text):
            name, day, year, rest = parts.groups()
            month = _month(name)
        elif parts := _DAY_FIRST.fullmatch(text):
            day, name, year, rest = parts.groups()
            month = _month(name)
        elif parts := _NUMBERS.fullmatch(text):
            first, mark, second, year, rest = parts.groups()
            month, day = self._order(text, first, second, mark)
            year = year if len(year) == len("2026") else f"20{year}"
        else:
            raise ValueError
        return _with_time(date(int(year), int(month), int(day)), rest)

    def _order(self, text: str, first: str, second: str, mark: str) -> tuple[str, str]:
        """Month and day; separated by points or dashes, the day is first."""
        if mark != "/" or int(first) > len(_MONTHS):
            return second, first
        if int(second) > len(_MONTHS) or self.month_first:
            return first, second
        if self.month_first is None and first != second:
            raise _Ambiguous(
                f"{text!r} is ambiguous; choose with --date-format %d/%m/%Y or %m/%d/%Y"
            )
        return second, first

    def _from_epoch(self, milliseconds: int) -> date | datetime:
        """ClickUp writes a day without a time as 4 a.m. of that day."""
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
        there = at.astimezone(self.zone)
        return there.date() if there.time() == time(4) else at


class _Ambiguous(ValueError):
    """Two numbers of which either may be the month."""


def as_instant(text: str) -> Instant | None:
    """The instant of a text with an offset of its own; None if it has none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else truncate(found.astimezone(UTC))


def day_after(day: date) -> date:
    """The exclusive end of an all-day event whose last day is that one."""
    return day + timedelta(days=1)


def _month(name: str) -> str:
    return str(_MONTHS.index(name[:3].lower()) + 1)


def _with_time(day: date, rest: str) -> date | datetime:
    if not rest:
        return day
    parts = _TIME.fullmatch(rest.strip().removeprefix("at "))
    if parts is None:
        raise ValueError
    hour, minute, second, half, offset = parts.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    wall = datetime.combine(day, time(hours, int(minute), int(second or 0)))
    return wall if offset is None else wall.replace(tzinfo=_offset(offset))


def _offset(text: str) -> timezone:
    digits = re.sub(r"[^0-9+-]", "", text)
    if not digits.strip("+-"):
        return UTC
    sign = -1 if digits.startswith("-") else 1
    number = digits.lstrip("+-")
    hours, minutes = (number[:-2], number[-2:]) if len(number) > 2 else (number, "0")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
