"""Whether a text says what is known of an event, and nothing else (docs/spec.md#sms-text).

A text is read from left to right as facts, each with the words that introduce it, and a closed
list of words that claim nothing. What cannot be read so might be untrue, so the template is used.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant
from buildos_box.locales.language import Language
from buildos_box.sms.reminder_words import NO_WORDS, WORDS
from buildos_box.sms.text import NO_TITLE, is_gsm, plain, segments

LONGEST_TITLE = 100
_PUNCTUATION = r"[\s,.!:;()\"-]"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reminder may contain; `day` only if it differs from the day of sending.

    `day_pattern` is what else the day may be called.
    """

    title: str
    time: str
    day: str | None
    minutes: int | None
    location: str
    language_name: str
    """In English."""
    language_code: str = "en"
    """Without a region: `de`."""
    day_pattern: str = ""


def facts_of(
    title: str,
    location: str | None,
    start: Instant,
    zone: ZoneInfo,
    send_at: Instant,
    *,
    language: Language,
) -> Facts:
    """The facts of an event at the time when its reminder is sent."""
    day = start.astimezone(zone).date()
    other_day = day != send_at.astimezone(zone).date()
    minutes = round((start - send_at) / timedelta(minutes=1))
    return Facts(
        title=plain(title) or language.say(NO_TITLE),
        time=plain(language.clock_time(start, zone)),
        day=plain(language.short_day(day)) if other_day else None,
        minutes=minutes if 0 < minutes <= 90 else None,
        location=plain(location or "")[:LONGEST_TITLE],
        language_name=language.english_name,
        language_code=language.tag.partition("-")[0],
        day_pattern=_day(day, language) if other_day else "",
    )


def fits_another_language(text: str, facts: Facts) -> bool:
    """Whether the text might be used if its event's person read another language."""
    if fault_of(text, facts) is None:
        return False
    others = (replace(facts, language_code=code) for code in WORDS if code != facts.language_code)
    return any(fault_of(text, other) is None for other in others)


def fault_of(text: str, facts: Facts) -> str | None:
    """Why the text must not be used; None if it may."""
    if text != plain(text, links=True) or not is_gsm(text):
        return "it has characters outside GSM-7"
    if segments(text) > 1:
        return "it is too long"
    said: list[str] = []
    position = 0
    patterns = _patterns(facts)
    while position < len(text):
        found = [(name, match) for name, one in patterns if (match := one.match(text, position))]
        if not found:
            return f"it says something else: {text[position : position + 40]!r}"
        name, match = max(found, key=lambda pair: pair[1].end())
        position = match.end()
        said.append(name)
    return _fault_in(said, facts)


def _fault_in(said: list[str], facts: Facts) -> str | None:
    """What is wrong with these facts in this order."""
    times = Counter(said)
    needed = {"title": True, "time": True, "day": facts.day is not None}
    for name, must in needed.items():
        if must and not times[name]:
            return f"the {name} is not in it"
    for name in ("title", "time", "day", "minutes", "location"):
        if times[name] > 1:
            return f"the {name} is in it twice"
    if times["location"] and said.index("location") < said.index("title"):
        return "the location stands where the title belongs"
    return None


def _patterns(facts: Facts) -> list[tuple[str, "re.Pattern[str]"]]:
    """What a text may be made of: each fact with the words before it, and words without a claim."""
    words = WORDS.get(facts.language_code, NO_WORDS)
    free = _phrases(words.claim_nothing) + ([] if facts.day else _phrases(words.today))
    found = [
        ("title", re.escape(facts.title)),
        ("time", rf"(?:(?:{words.at}|@) )?{re.escape(facts.time)}(?::00)?(?: h| Uhr)?"),
        ("", _PUNCTUATION),
    ]
    if free:
        found.append(("", "|".join(free)))
    if facts.day:
        found.append(("day", f"{re.escape(facts.day)}|{facts.day_pattern}"))
    if facts.minutes:
        found.append(("minutes", words.minutes.format(facts.minutes)))
    if facts.location:
        found.append(("location", rf"(?:(?:{words.place}|@) )?{re.escape(facts.location)}"))
    return [(name, _whole(pattern)) for name, pattern in found]


def _whole(pattern: str) -> "re.Pattern[str]":
    """The pattern where it neither begins nor ends within a word or a number."""
    edges = r"(?:(?<!\w)|(?!\w))(?:{})(?:(?!\w)|(?<!\w))(?!:\d)"
    return re.compile(edges.format(pattern), re.IGNORECASE)


def _phrases(separated: str) -> list[str]:
    return [re.escape(phrase) for phrase in separated.split("|") if phrase]


def _day(day: date, language: Language) -> str:
    """`Wed 23 Oct`, also with whole names, the month first, or the weekday alone."""
    weekday, month = (_any(names) for names in language.names_of(day))
    number = rf"0?{day.day}(?:st|nd|rd|th|\.)?"
    date_in = rf"(?:{number}(?: de)? {month}|{month} {number})"
    return rf"(?:(?:on|am|le|el|em|op) )?{weekday}(?:,? {date_in})?"


def _any(names: list[str]) -> str:
    return f"(?:{'|'.join(re.escape(plain(name)) for name in names)})"
