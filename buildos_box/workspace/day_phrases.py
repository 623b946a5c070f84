"""A day, a time or both as people of a language write them: `bis Fr., 4. Dez. um 17 Uhr`.

The rules: docs/spec.md#quick-add. What is not clearly a day or a time is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

from buildos_box.locales.day_words import DayWords, any_of, plain
from buildos_box.workspace.numeric_days import DayFound, month_day, numeric_day
from buildos_box.workspace.written_dates import read_day

_UNCLEAR = re.compile(r"\d+ ?(?:d|days?|w|weeks?)")
"""`for 3 days` is how long something takes, not when it is due."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_OR_SPAN = re.compile(r"\d{4}-\d{2}-\d{2}|(?:in )?\+?\d.*")
_LIKE_NUMERIC = re.compile(
    r"\d{1,2}(?:[/-]\d{1,2}|\.\d{1,2}\.)(?:[/-]?\d{2,4})?"
    r"|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}(?:\.|st|nd|rd|th)"
)
_ARTICLE = re.compile(r"(?:den|dem|the|le) ")
_NOON = 12
_LONGEST_NAME = 4
"""Words of `the day after tomorrow`."""


@dataclass(frozen=True, slots=True)
class TimeFound:
    """A time; `is_clear` if it can be nothing else, so that it needs no day beside it."""

    wall: time
    is_clear: bool
    may_come_first: bool
    """Whether a day may follow it: `17h` may also be how long something takes."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """What some words say; at least one of the two is there."""

    day: date | None
    wall: time | None


def read_phrase(words: list[str], tables: tuple[DayWords, ...], today: date) -> Phrase | None:
    """What the words say if all of them are a day, a time or both; the first table is one's own."""
    for cut in range(len(words) + 1):
        first, second = (" ".join(part).rstrip(",") for part in (words[:cut], words[cut:]))
        for day_text, time_text in ((first, second), (second, first)):
            wall = _any_time(time_text, tables) if time_text else None
            if time_text and wall is None:
                continue
            if not day_text:
                if wall and wall.is_clear:
                    return Phrase(None, wall.wall)
                continue
            if wall and time_text == first and not wall.may_come_first:
                continue
            day = _any_day(day_text, tables, today, wall.wall if wall else None)
            if day is not None and (day.is_clear or wall):
                return Phrase(day.day, wall.wall if wall else None)
    return None


def looks_like_a_day(words: list[str], tables: tuple[DayWords, ...]) -> bool:
    """Whether the words end with what may be a day, though it was not understood as one."""
    if not words:
        return False
    last = plain(words[-1]).rstrip(",.")
    if _LIKE_NUMERIC.fullmatch(plain(words[-1]).rstrip(",")):
        return True
    return any(
        last in table.weekdays
        or last in table.short
        or _ends_with_day(words, table)
        or any(last.startswith(name) for name in table.weekdays)
        or (table.small.spans and _ends_with(table.small.spans, words))
        or (_is_part(last, table) and looks_like_a_day(words[:-1], tables))
        for table in tables
    )


def is_another_day(word: str, tables: tuple[DayWords, ...]) -> bool:
    """Whether the word makes another day of the one after it, like `every` and `last`."""
    return any(re.fullmatch(any_of(table.small.others), plain(word)) for table in tables)


def begins_with_small_word(words: list[str], tables: tuple[DayWords, ...]) -> bool:
    """Whether the first of the words is one like `by` or `on`; `next week` begins with none."""
    text = plain(" ".join(words))
    return any(
        _before(table).match(text) and not re.match(any_of(table.small.next_week), text)
        for table in tables
    )


def is_clear_time(word: str, tables: tuple[DayWords, ...]) -> bool:
    """Whether one word is a time."""
    found = _any_time(word, tables)
    return found is not None and found.is_clear


def _is_part(word: str, table: DayWords) -> bool:
    small = table.small
    return any(
        re.fullmatch(any_of(words), word) for words in (small.morning, small.later, small.parts)
    )


def _ends_with(pattern: str, words: list[str]) -> bool:
    return re.search(rf"(?:^| )(?:{pattern})$", plain(" ".join(words[-_LONGEST_NAME:]))) is not None


def _ends_with_day(words: list[str], table: DayWords) -> bool:
    """Whether the last words are the name of a near day, or a day with its month."""
    for length in range(1, min(_LONGEST_NAME, len(words)) + 1):
        text = plain(" ".join(words[-length:])).rstrip(",.")
        if text in table.near or month_day(text, table, date.min) is not None:
            return True
    return False


def _any_day(
    text: str, tables: tuple[DayWords, ...], today: date, wall: time | None
) -> DayFound | None:
    """The day; with a time, the part of the day may stand at its end if it is that of the time."""
    own = tables[0]
    for table in tables:
        if found := _day(text, table, today, is_own=table is own):
            return found
        core = _without_part(text, table, wall) if wall else text
        if core != text and (found := _day(core, table, today, is_own=table is own)):
            return found
    return None


def _without_part(text: str, table: DayWords, wall: time) -> str:
    """`friday` of `friday evening`, also of `Freitagabend`."""
    words = table.small.morning if wall.hour < _NOON else table.small.later
    return re.sub(rf" ?(?:{any_of(words)})$", "", text, flags=re.IGNORECASE)


def _any_time(text: str, tables: tuple[DayWords, ...]) -> TimeFound | None:
    return next(filter(None, (_time(text, table) for table in tables)), None)


def _day(text: str, table: DayWords, today: date, *, is_own: bool) -> DayFound | None:
    """A day with the small words before it, which make clear that it is one."""
    if table.small.next_week and re.fullmatch(any_of(table.small.next_week), plain(text)):
        return DayFound(_next(0, today), is_clear=True)
    before = _before(table).match(plain(text))
    core = text[before.end() :] if before else text
    if table.small.after:
        core = re.sub(rf"(?:{any_of(table.small.after)})$", "", core)
    found = next(filter(None, _readings(core, table, today, is_own=is_own)), None)
    return DayFound(found.day, is_clear=True) if found and before else found


def _readings(
    core: str, table: DayWords, today: date, *, is_own: bool
) -> Iterator[DayFound | None]:
    words = plain(core)
    if words in table.near and core not in table.small.unclear.split("|"):
        yield DayFound(today + timedelta(days=table.near[words]), is_clear=True)
    yield _after_some_time(words, table, today)
    yield _weekday(core, table, today, is_own=is_own)
    yield month_day(words, table, today)
    if is_own:
        yield numeric_day(words, table, today)
    yield _weekday_with_day(core, table, today, is_own=is_own)
    if table.is_english:
        yield _english(words, today, is_own=is_own)


def _after_some_time(words: str, table: DayWords, today: date) -> DayFound | None:
    for pattern, days in ((table.small.in_days, 1), (table.small.in_weeks, 7)):
        if pattern and (found := re.fullmatch(pattern, words)):
            number = next(filter(None, found.groups()))
            return DayFound(today + timedelta(days=int(number) * days), is_clear=True)
    return None


def _weekday(core: str, table: DayWords, today: date, *, is_own: bool) -> DayFound | None:
    """A whole name; or a short one, which is clear with its dot, and in English as ever."""
    bare = core.removesuffix(".")
    name, has_dot = plain(bare), bare != core
    if name in table.weekdays:
        return DayFound(_next(table.weekdays[name], today), is_clear=True)
    if name not in table.short or (not has_dot and bare in table.small.unclear.split("|")):
        return None
    is_clear = has_dot or (table.is_english and is_own)
    return DayFound(_next(table.short[name], today), is_clear=is_clear)


def _weekday_with_day(core: str, table: DayWords, today: date, *, is_own: bool) -> DayFound | None:
    """`Fr., 4. Dez.`: none if that day is another day of the week."""
    name, _, rest = core.partition(" ")
    name, rest = plain(name).rstrip(",").removesuffix("."), _ARTICLE.sub("", plain(rest), count=1)
    weekday = table.weekdays.get(name, table.short.get(name))
    if weekday is None or not rest:
        return None
    found = month_day(rest, table, today) or (numeric_day(rest, table, today) if is_own else None)
    if _ISO.fullmatch(rest):
        found = _english(rest, today, is_own=is_own)
    if found is None or found.day.weekday() != weekday:
        return None
    return DayFound(found.day, is_clear=True)


def _english(words: str, today: date, *, is_own: bool) -> DayFound | None:
    """As the command line reads it; to others only what is no cut name."""
    if _UNCLEAR.fullmatch(words) or not (is_own or _ISO_OR_SPAN.fullmatch(words)):
        return None
    try:
        return DayFound(read_day(words, today), is_clear=True)
    except ValueError:
        return None


def _time(text: str, table: DayWords) -> TimeFound | None:
    found = _clock(table).fullmatch(plain(text))
    if found is None:
        return None
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found["half"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        return None
    has_at = bool(found["at"])
    is_hour = has_at and table.small.has_bare_hours
    if not (found["minute"] or half or found["oclock"] or found["hours"] or is_hour):
        return None
    if found["separator"] == "." and not (half or found["oclock"] or has_at):
        return None
    is_clear = bool(
        found["separator"] in (":", "時")
        or half
        or found["oclock"]
        or (found["separator"] == "h" and found["minute"])
        or (found["hours"] and has_at)
    )
    if found["hours"] and found["before"]:
        return None  # `pour 2h` is how long
    return TimeFound(time(hour, minute), is_clear, may_come_first=is_clear or has_at)


@lru_cache
def _clock_of(at: str, before: str, oclock: str, hours: str, after: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?:(?P<at>{any_of(at)})|(?P<before>{any_of(before)})) ?(?<=[ ']))?"
        r"(?P<hour>\d{1,2})(?:(?P<separator>[:.h時])(?P<minute>\d{2}))?"
        r"(?: ?(?P<half>[ap])\.?m\b\.?)?"
        rf"(?: ?(?P<oclock>{any_of(oclock)})| ?(?P<hours>{any_of(hours)}))?"
        rf"(?:{any_of(after)})?"
    )


def _clock(table: DayWords) -> re.Pattern[str]:
    small = table.small
    return _clock_of(small.at, small.before, small.oclock, small.hours, small.after)


@lru_cache
def _before_of(words: str, joined: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?:{any_of(words)}) )+|(?:{any_of(joined)})")


def _before(table: DayWords) -> re.Pattern[str]:
    return _before_of(table.small.before, table.small.before_joined)


def _next(weekday: int, today: date) -> date:
    """The next such day after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
