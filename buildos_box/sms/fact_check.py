"""Whether a text says what is known of an event, and nothing else (docs/spec.md#sms-text).

A text is read from left to right as facts, each with the words that introduce it, and a closed
list of words that claim nothing. What cannot be read so might be untrue, so the template is used.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant
from buildos_box.locales.language import Language
from buildos_box.sms.text import NO_TITLE, is_gsm, plain, segments

LONGEST_TITLE = 100
_CLAIM_NOTHING = """
hi|hello|hey|hi there|hello there|hey there|heads up|heads-up|reminder|a reminder|just a reminder
quick reminder|a quick reminder|just a quick reminder|friendly reminder|a friendly reminder
just a friendly reminder|gentle reminder|a gentle reminder|reminder that|reminder for|reminder of
don't forget|do not forget|remember|you have|you've got|your|upcoming|coming up|up next|next up
is coming up|starts|is starting|will start|begins|is beginning|will begin|kicks off|takes place
is|it starts|it begins|it is|it's|that is|that's|and|coming right up
hallo|erinnerung|kurze erinnerung|zur erinnerung|nicht vergessen|denk an|dein|deine|beginnt
startet|ist|das ist|es beginnt|und|steht an
bonjour|salut|rappel|petit rappel|n'oublie pas|n'oubliez pas|ton|ta|votre|commence|est|a lieu
c'est|et
hola|recordatorio|no olvides|tu|empieza|comienza|es|y
ciao|promemoria|non dimenticare|il tuo|la tua|inizia|comincia|e|è
oi|lembrete|hoi|herinnering|vergeet niet|je|begint|en
"""
"""Words and whole phrases of a reminder in the languages that GSM-7 can write."""
_TODAY = "today|heute|aujourd'hui|hoy|oggi|hoje|vandaag"
_AT = r"at|from|@|um|ab|à|a las|a la|alle|alle ore|ore|om|kl\.?"
_IN = r"in|at|@|im|bei|à|au|en|a"
_MINUTES = (
    r"(?:in|in about|starting in|dans|en|tra|fra|em|over) {}"
    r" ?(?:min\.?|mins|minutes?|minuten|minutos?|minuti|minuto)"
)
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
    language: str
    """In English."""
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
        language=language.english_name,
        day_pattern=_day(day, language) if other_day else "",
    )


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
    words = "|".join(_phrases(_CLAIM_NOTHING) + ([] if facts.day else _phrases(_TODAY)))
    found = [
        ("title", re.escape(facts.title)),
        ("time", rf"(?:(?:{_AT}) )?{re.escape(facts.time)}(?::00)?(?: h| Uhr)?"),
        ("", words),
        ("", _PUNCTUATION),
    ]
    if facts.day:
        found.append(("day", f"{re.escape(facts.day)}|{facts.day_pattern}"))
    if facts.minutes:
        found.append(("minutes", _MINUTES.format(facts.minutes)))
    if facts.location:
        found.append(("location", rf"(?:(?:{_IN}) )?{re.escape(facts.location)}"))
    return [(name, _whole(pattern)) for name, pattern in found]


def _whole(pattern: str) -> "re.Pattern[str]":
    """The pattern where it neither begins nor ends within a word or a number."""
    edges = r"(?:(?<!\w)|(?!\w))(?:{})(?:(?!\w)|(?<!\w))(?!:\d)"
    return re.compile(edges.format(pattern), re.IGNORECASE)


def _phrases(lists: str) -> list[str]:
    return [re.escape(phrase) for line in lists.split("\n") for phrase in line.split("|") if phrase]


def _day(day: date, language: Language) -> str:
    """`Wed 23 Oct`, also with whole names, the month first, or the weekday alone."""
    weekday, month = (_any(names) for names in language.names_of(day))
    number = rf"0?{day.day}(?:st|nd|rd|th|\.)?"
    date_in = rf"(?:{number}(?: de)? {month}|{month} {number})"
    return rf"(?:(?:on|am|le|el|em|op) )?{weekday}(?:,? {date_in})?"


def _any(names: list[str]) -> str:
    return f"(?:{'|'.join(re.escape(plain(name)) for name in names)})"
