"""Days and times as people write them: `friday`, `tomorrow 14:00`, `next week`, `in 3 days`.

They are read in a user's time zone; every parser raises ValueError with a sentence.
"""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, at_wall_time, from_text, local_day

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMED = {"yesterday": -1, "today": 0, "tomorrow": 1}
_SPAN = re.compile(r"(?:in )?\+?(\d{1,4}) ?(d|days?|w|weeks?)")
_NEXT = re.compile(r"(?:next |on )?([a-z]+)")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_TWELVE_HOURS = re.compile(r"\b(\d{1,2})(?::(\d{2}))? ?([ap])m\b")
_LENGTH = re.compile(r"(?:(\d{1,3}) ?h(?:ours?)?)? ?(?:(\d{1,4}) ?m(?:in(?:utes?)?)?)?")
_HELP = "write it like 2026-11-30, tomorrow, friday or in 3 days"


def read_day(text: str, today: date) -> date:
    """A day. The name of a weekday is the next such day after today, `next week` the next Monday.

    May raise OverflowError.
    """
    words = _plain(text)
    if words == "next week":
        words = "monday"
    if words in _NAMED:
        return today + timedelta(days=_NAMED[words])
    if span := _SPAN.fullmatch(words):
        return today + timedelta(days=int(span[1]) * (7 if span[2].startswith("w") else 1))
    if (named := _NEXT.fullmatch(words)) and (weekday := _weekday(named[1])) is not None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if _ISO.fullmatch(words):
        try:
            return date.fromisoformat(words)
        except ValueError:
            raise ValueError(f"there is no day {words}") from None
    raise ValueError(f"{text!r} is not a day; {_HELP}")


def read_moment(text: str, zone: ZoneInfo, now: Instant, *, day: date | None = None) -> Instant:
    """A day with a time, `tomorrow 14:00`, or an instant with its offset.

    A time alone is on `day`, which is today if it is not given.
    """
    instant = _instant(text)
    if instant is not None:
        return instant
    today = local_day(now, zone)
    words, _, wall = _plain(text).rpartition(" ")
    if not _TIME.fullmatch(wall):
        raise ValueError(f"{text!r} has no time; write it like 'tomorrow 14:00'")
    on = read_day(words.removesuffix(" at"), today) if words else day or today
    return at_wall_time(on, read_time(wall), zone)


def read_due(text: str, zone: ZoneInfo, now: Instant) -> date | Instant:
    """A day, or a moment if a time is given with it."""
    if _instant(text) is not None or _TIME.search(_plain(text)):
        return read_moment(text, zone, now)
    return read_day(text, local_day(now, zone))


def read_time(text: str) -> time:
    """A wall time, `14:00` or `2pm`."""
    found = _TIME.fullmatch(_plain(text))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f"{text!r} is not a time; write it like 14:00")
    return time(int(found[1]), int(found[2]))


def read_length(text: str) -> timedelta:
    """How long something takes: `45m`, `1h`, `1h30m`."""
    found = _LENGTH.fullmatch(_plain(text))
    length = timedelta()
    if found:
        length = timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0))
    if not length:
        raise ValueError(f"{text!r} is not a duration; write it like 45m or 1h30m")
    return length


def read_weekdays(text: str) -> list[int]:
    """`mon,wed` as the API counts days: 0 is Sunday."""
    found = []
    for word in text.replace(" ", ",").split(","):
        if not word:
            continue
        weekday = _weekday(word.lower())
        if weekday is None:
            raise ValueError(f"{word!r} is not a day of the week; write them like mon,wed,fri")
        found.append((weekday + 1) % 7)
    return found


def _plain(text: str) -> str:
    """In lower case, with single spaces, and times of twelve hours as those of 24."""
    return _TWELVE_HOURS.sub(_of_24_hours, " ".join(text.lower().split()))


def _of_24_hours(found: re.Match[str]) -> str:
    hour = int(found[1])
    if not 1 <= hour <= 12:
        return found[0]
    return f"{hour % 12 + (12 if found[3] == 'p' else 0)}:{found[2] or '00'}"


def _weekday(word: str) -> int | None:
    """0 is Monday; a name may be cut down to three letters."""
    if len(word) < 3:
        return None
    return next((index for index, name in enumerate(WEEK) if name.startswith(word)), None)


def _instant(text: str) -> Instant | None:
    """An ISO 8601 instant that names its offset; None for anything else."""
    if "t" not in text.lower() or not _ISO.match(text):
        return None
    try:
        return from_text(text.strip().upper())
    except ValueError:
        pass
    try:
        datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    raise ValueError(f"{text!r} has no UTC offset; write it like 2026-11-30T14:00:00Z")
