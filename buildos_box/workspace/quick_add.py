"""A task from one line, as people write it: `Pay rent friday 17:00 #Home !high`.

The rules: docs/spec.md#quick-add.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, at_wall_time, local_day
from buildos_box.workspace.written_dates import read_due

PRIORITIES = ("urgent", "high", "medium", "low")
LONGEST_TAIL = 5
"""Words that a due time may take."""
_PROJECT = re.compile(r"#([^\W\d][\w-]*)")
_BEFORE_DUE = re.compile(r"(?:at|by|due|on) ")
_UNCLEAR = re.compile(r"\d+ ?(?:d|days?|w|weeks?)")
"""`for 3 days` is how long something takes, not when it is due."""


@dataclass(frozen=True, slots=True)
class QuickTask:
    """What a line says: the task's title, and what else was found in it."""

    title: str
    due: date | Instant | None
    project: str | None
    """A project's name, as it was written after `#`, with spaces for `-` and `_`."""
    priority: str | None


def read_quick_task(
    text: str, zone: ZoneInfo, now: Instant, names: Mapping[str, str] | None = None
) -> QuickTask:
    """`#Name` and `!priority` anywhere, a day or time at the end; the rest is the title.

    `names` are days in another language, with the English ones. Raises ValueError if nothing is
    left for the title.
    """
    words, project, priority = [], None, None
    for word in text.split():
        if project is None and (found := _PROJECT.fullmatch(word)):
            project = found[1].replace("-", " ").replace("_", " ").strip()
        elif priority is None and (named := _priority(word)):
            priority = named
        else:
            words.append(word)
    due, length = _due_at_end(words, zone, now, names or {})
    title = " ".join(words[: len(words) - length])
    if not title:
        raise ValueError("has no title; write what is to be done")
    return QuickTask(title, due, project or None, priority)


def _priority(word: str) -> str | None:
    wanted = word.removeprefix("!").lower()
    if not word.startswith("!") or not wanted:
        return None
    return next((name for name in PRIORITIES if name.startswith(wanted)), None)


def _due_at_end(
    words: list[str], zone: ZoneInfo, now: Instant, names: Mapping[str, str]
) -> tuple[date | Instant | None, int]:
    """The due time that the line ends with, and how many words it takes; a title stays."""
    for length in range(min(LONGEST_TAIL, len(words) - 1), 0, -1):
        tail = _in_english(" ".join(words[-length:]).lower(), names)
        tail = _BEFORE_DUE.sub("", tail, count=1)
        if _UNCLEAR.fullmatch(tail):
            continue
        try:
            due = read_due(tail, zone, now)
        except (ValueError, OverflowError):
            continue
        return _still_to_come(due, tail, zone, now), length
    return None, 0


def _in_english(tail: str, names: Mapping[str, str]) -> str:
    """The words with the names of days, and "at" before a time, in English."""
    tail = tail.replace("’", "'")
    for name in sorted(names, key=len, reverse=True):
        after = r"(?= \d)" if names[name] == "at" else r"(?!\S)"
        written = re.escape(name.replace("’", "'"))
        tail = re.sub(rf"(?<!\S){written}{after}", names[name], tail)
    return tail


def _still_to_come(due: date | Instant, tail: str, zone: ZoneInfo, now: Instant) -> date | Instant:
    """A time alone that is over today is meant for tomorrow."""
    if not isinstance(due, datetime) or due > now or not tail[:1].isdecimal() or "-" in tail:
        return due
    wall = due.astimezone(zone).time().replace(tzinfo=None)
    return at_wall_time(local_day(now, zone) + timedelta(days=1), wall, zone)
