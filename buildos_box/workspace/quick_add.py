"""A task from one line, as people write it: `Pay rent friday 17:00 #Home !high`.

The rules: docs/spec.md#quick-add.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, at_wall_time, local_day
from buildos_box.locales.day_words import DayWords
from buildos_box.locales.language import ENGLISH
from buildos_box.workspace.day_phrases import (
    begins_with_small_word,
    is_another_day,
    is_clear_time,
    looks_like_a_day,
    read_phrase,
)
from buildos_box.workspace.written_dates import read_due

PRIORITIES = ("urgent", "high", "medium", "low")
LONGEST_TAIL = 10
"""Words that a due time may take."""
_PROJECT = re.compile(r"#([^\W\d][\w-]*)")
_MARK = re.compile(r"[#!]\w.*")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}t.*", re.IGNORECASE)
_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class QuickTask:
    """What a line says: the task's title, and what else was found in it."""

    title: str
    due: date | Instant | None
    project: str | None
    """A project's name, as it was written after `#`, with spaces for `-` and `_`."""
    priority: str | None


def read_quick_task(
    text: str,
    zone: ZoneInfo,
    now: Instant,
    days: DayWords | None = None,
    priorities: Mapping[str, str] = _NO_NAMES,
) -> QuickTask:
    """`#Name` and `!priority` anywhere, a day or time at the end; the rest is the title.

    `days` are how another language writes days, and `priorities` its names of them, in lower case
    with ours; the English ones count as well. Raises ValueError if nothing is left for the title.
    """
    words, project, priority = [], None, None
    for word in text.split():
        if project is None and (found := _PROJECT.fullmatch(word)):
            project = found[1].replace("-", " ").replace("_", " ").strip()
        elif priority is None and (named := _priority(word, priorities)):
            priority = named
        else:
            words.append(word)
    marks = _marks_at_end(words)
    words = words[: len(words) - len(marks)]
    english = ENGLISH.day_words()
    tables = (english,) if days is None or days == english else (days, english)
    due, length = _due_at_end(words, tables, zone, now)
    title = " ".join(words[: len(words) - length] + marks)
    if not title:
        raise ValueError("has no title; write what is to be done")
    return QuickTask(title, due, project or None, priority)


def _priority(word: str, names: Mapping[str, str]) -> str | None:
    wanted = word.removeprefix("!").lower()
    if not word.startswith("!") or not wanted:
        return None
    known = dict(names) | {name: name for name in PRIORITIES}
    return next((known[name] for name in known if name.startswith(wanted)), None)


def _marks_at_end(words: list[str]) -> list[str]:
    """Marks that were not understood: they stay in the title, and a day may stand before them."""
    count = 0
    while count < len(words) and _MARK.fullmatch(words[-1 - count]):
        count += 1
    return words[len(words) - count :]


def _due_at_end(
    words: list[str], tables: tuple[DayWords, ...], zone: ZoneInfo, now: Instant
) -> tuple[date | Instant | None, int]:
    """The due time that the line ends with, and how many words it takes; a title stays.

    Nothing is read if what stands before it may be a day too: it would be due on another one.
    """
    today = local_day(now, zone)
    if len(words) <= LONGEST_TAIL and read_phrase(words, tables, today):
        return None, 0
    for length in range(min(LONGEST_TAIL, len(words) - 1), 0, -1):
        title, tail = words[:-length], words[-length:]
        try:
            if length == 1 and _INSTANT.fullmatch(tail[0]):
                return read_due(tail[0], zone, now), length
            phrase = read_phrase(tail, tables, today)
            if phrase is None:
                continue
            has_its_own_day = phrase.day and begins_with_small_word(tail, tables)
            if not has_its_own_day and looks_like_a_day(title, tables):
                return None, 0
            if is_another_day(title[-1], tables) or is_clear_time(title[-1], tables):
                return None, 0
            if phrase.wall is None:
                return phrase.day, length
            due = at_wall_time(phrase.day or today, phrase.wall, zone)
            if phrase.day is None and due <= now:
                due = at_wall_time(today + timedelta(days=1), phrase.wall, zone)
        except (ValueError, OverflowError):
            continue
        return due, length
    return None, 0
