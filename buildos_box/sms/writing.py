"""Reminders written by a language model, used only if they are accurate.

A model chooses words only: no number, link or character that the event does not have; title and
time must be in the text. Otherwise the template is used.

The rules: docs/spec.md#sms-text.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.clock import Instant
from buildos_box.llm.chain import Ask
from buildos_box.llm.fence import fence
from buildos_box.services import Services
from buildos_box.sms.text import is_gsm, plain, segments

PURPOSE = "sms_reminder"
MOST_AT_ONCE = 20
LONGEST_TITLE = 100
PATIENCE = timedelta(seconds=75)
SYSTEM = """\
You write SMS reminders of calendar events, one for each event you are given.
Each says the event's title as it is spelled, its time as it is written, and its day if one is
given. It is one friendly sentence in the language of the title, at most 140 characters of plain
GSM-7: no emoji, no curly quotes, no dashes but "-". It has no link, no telephone number, and no
number that the event does not have. You add nothing that you were not told.
Answer with one item for each event, `n` being the event's own."""
_NUMBER = re.compile(r"\d+(?:[:.,]\d+)*")
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://\S*|www\.\S*|\S+@\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b\S*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reminder may contain; `day` only if it differs from the day of sending."""

    title: str
    time: str
    day: str | None
    minutes: int | None
    location: str

    @property
    def known(self) -> str:
        """All of it as one text."""
        parts = (self.title, self.time, self.day or "", str(self.minutes or ""), self.location)
        return "\n".join(parts)


class Reminder(msgspec.Struct, frozen=True):
    """One text, and the number of its event."""

    n: int
    text: str


class Reminders(msgspec.Struct, frozen=True):
    """The model's answer."""

    reminders: list[Reminder]


def facts_of(
    title: str, location: str | None, start: Instant, zone: ZoneInfo, send_at: Instant
) -> Facts:
    """The facts of an event at the time when its reminder is sent."""
    local = start.astimezone(zone)
    other_day = local.date() != send_at.astimezone(zone).date()
    minutes = round((start - send_at) / timedelta(minutes=1))
    return Facts(
        title=plain(title) or "Event",
        time=f"{local:%H:%M}",
        day=f"{local:%a %d %b}" if other_day else None,
        minutes=minutes if 0 < minutes <= 90 else None,
        location=plain(location or "")[:LONGEST_TITLE],
    )


def fault_of(text: str, facts: Facts) -> str | None:
    """Why the text must not be used; None if it may."""
    known, said = facts.known.casefold(), text.casefold()
    if text != plain(text, links=True) or not is_gsm(text):
        return "it has characters outside GSM-7"
    if segments(text) > 1:
        return "it is too long"
    if facts.title.casefold() not in said:
        return "the title is not in it"
    if re.search(rf"(?<![\d:]){facts.time}(?![\d:])", text) is None:
        return "the time is not in it"
    if facts.day and facts.day[:3].casefold() not in said:
        return "the day is not in it"
    if any(link not in known for link in _LINK.findall(said)):
        return "it has a link"
    if set(_NUMBER.findall(said)) - set(_NUMBER.findall(known)):
        return "it has a number that the event does not have"
    return None


def writes(services: Services) -> bool:
    """Whether a language model is configured and wanted for reminders."""
    return services.settings.sms.llm_text and bool(services.llm.providers)


async def write_texts(
    services: Services,
    wanted: list[Facts],
    *,
    user_id: str,
    job_id: str | None,
    correlation_id: str,
) -> list[str | None]:
    """A text for each, or None where the template must be used. Never fails, and takes at most 75
    s.
    """
    texts: list[str | None] = [None] * len(wanted)
    asked = {
        n: facts
        for n, facts in enumerate(wanted)
        if is_gsm(facts.title) and len(facts.title) <= LONGEST_TITLE
    }
    asked = dict(list(asked.items())[:MOST_AT_ONCE])
    if not asked or not writes(services):
        return texts
    events = [
        {"n": n, "title": f.title, "time": f.time, "day": f.day, "minutesAhead": f.minutes}
        | ({"location": f.location} if f.location else {})
        for n, f in asked.items()
    ]
    question = fence(msgspec.json.encode(events).decode(), services.ids)
    ask = Ask(
        purpose=PURPOSE,
        system=SYSTEM,
        user=f"Write the reminders.\n\n{question}",
        schema=Reminders,
        user_id=user_id,
        job_id=job_id,
        correlation_id=correlation_id,
        max_output_tokens=100 * len(asked) + 200,
    )
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            answer = await services.llm.ask(ask, fallback=lambda: Reminders([]))
    except TimeoutError:
        return texts
    for said in answer.value.reminders:
        text = plain(said.text, links=True)
        if said.n in asked and texts[said.n] is None and fault_of(text, asked[said.n]) is None:
            texts[said.n] = text
    return texts
