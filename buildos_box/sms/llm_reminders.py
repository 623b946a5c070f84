"""Reminders written by a language model, used only if they are accurate.

A model chooses among words that claim nothing; a text that says more than what is known of the
event is replaced by the template.

The rules: docs/spec.md#sms-text.
"""

import asyncio
from datetime import timedelta

import msgspec

from buildos_box.llm.chain import Ask
from buildos_box.llm.untrusted_text import fence
from buildos_box.services import Services
from buildos_box.sms.fact_check import LONGEST_TITLE, Facts, fault_of, fits_another_language
from buildos_box.sms.text import is_gsm, plain, segments, signature

PURPOSE = "sms_reminder"
MOST_AT_ONCE = 20
PATIENCE = timedelta(seconds=75)
SYSTEM = """\
You write SMS reminders of calendar events, one for each event you are given.
Each says the event's title as it is spelled, its time as it is written, and its day if one is
given; it may say the location after the title, and how far ahead it is ("in 15 minutes"). It is one
short, friendly sentence in the language that is named, at most 120 characters of plain GSM-7: no
emoji, no curly quotes, no dashes but "-". Beside these facts it has only words like "reminder",
"starts" and "don't forget": you add nothing that you were not told, and no advice.
Answer with one item for each event, `n` being the event's own."""


class Reminder(msgspec.Struct, frozen=True):
    """One text, and the number of its event."""

    n: int
    text: str


class Reminders(msgspec.Struct, frozen=True):
    """The model's answer."""

    reminders: list[Reminder]


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
        {
            "n": n,
            "title": f.title,
            "time": f.time,
            "day": f.day,
            "minutesAhead": f.minutes,
            "language": f.language_name,
        }
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
        language_check=lambda answer: _language_fault(answer, asked),
    )
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            answer = await services.llm.ask(ask, fallback=lambda: Reminders([]))
    except TimeoutError:
        return texts
    for said in answer.value.reminders:
        text = plain(said.text, links=True)
        signed = signature(services.settings.email.from_name) + text
        sound = said.n in asked and fault_of(text, asked[said.n]) is None
        if sound and texts[said.n] is None and segments(signed) == 1 and is_gsm(signed):
            texts[said.n] = signed
    return texts


def _language_fault(answer: Reminders, asked: dict[int, Facts]) -> str | None:
    """What is wrong, for the model, if all are in another language; one alone is not used."""
    facts = [asked[one.n] for one in answer.reminders if one.n in asked]
    texts = [plain(one.text, links=True) for one in answer.reminders if one.n in asked]
    if not facts or not all(map(fits_another_language, texts, facts)):
        return None
    return f"it is in another language, and must be in {facts[0].language_name}"
