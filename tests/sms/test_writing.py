"""Reminders written by a language model, and what is rejected (docs/spec.md#sms-text)."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from buildos_box.clock import from_text
from buildos_box.locales.language import language
from buildos_box.settings import LlmSettings, ProviderSettings
from buildos_box.sms.fact_check import Facts, facts_of, fault_of, fits_another_language
from buildos_box.sms.text import plain, segments
from tests.doubles.llm import LlmDouble, garbage, ok
from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box
from tests.sms.test_sms import NUMBER, ada, event, messages
from tests.world import BoxWorld

AT = from_text("2024-10-23T10:00:00Z")
SOON = AT - timedelta(minutes=15)
EN = language()
STANDUP = facts_of("Standup", "Room 4", AT, ZoneInfo("Europe/Berlin"), SOON, language=EN)
TEMPLATE = "BuildOS: Standup at 10:00, in 15 min"


@pytest.mark.parametrize(
    "text",
    [
        "Hi! Standup starts at 12:00 in Room 4, that is in 15 minutes.",
        "Standup at 12:00",
        "Heads up: Standup at 12:00 - in 15 minutes!",
        "Don't forget: Standup (Room 4) begins today at 12:00.",
        "At 12:00: Standup, Room 4",
        "Just a friendly reminder: your Standup is coming up in 15 min, 12:00 @ Room 4!",
    ],
)
def test_a_wording_of_the_facts_may_be_sent(text: str) -> None:
    assert fault_of(text, STANDUP) is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("de", "Erinnerung: Standup beginnt um 12:00 Uhr, in 15 Minuten, im Room 4"),
        ("fr", "Rappel : Standup commence à 12:00, dans 15 minutes."),
        ("es", "Recordatorio: Standup empieza a las 12:00 en Room 4."),
        ("it", "Promemoria: Standup inizia alle 12:00, tra 15 minuti"),
        ("nl", "Herinnering: Standup begint om 12:00, over 15 minuten"),
    ],
)
def test_a_wording_is_only_for_who_reads_its_language(tag: str, text: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    own = facts_of("Standup", "Room 4", AT, zone, SOON, language=language(tag))
    assert (fault_of(text, own), fits_another_language(text, own)) == (None, False)
    for other in ("en-GB", "pl", "fr" if tag != "fr" else "de"):
        facts = facts_of("Standup", "Room 4", AT, zone, SOON, language=language(other))
        assert fault_of(text, facts) is not None
        assert fits_another_language(text, facts)
    assert fault_of("Standup, 12:00", facts) is None
    assert not fits_another_language("Standup was moved", own)


WRONG = [
    # Without a fact that a reminder must have, or with one twice
    ("Reminder at 12:00", "the title is not in it"),
    ("Reminder: Standup", "the time is not in it"),
    ("Standup at 12:00, Standup", "the title is in it twice"),
    ("Standup at 12:00, 12:00", "the time is in it twice"),
    # More than the event has
    ("The meeting is at 12:00", None),
    ("Standup at noon", None),
    ("Standup at 12:00, event cancelled, do not come", None),
    ("Standup at 12:00 is not happening", None),
    ("Standup at 12:00 was cancelled", None),
    ("Do not come to Standup at 12:00", None),
    ("Don't Standup at 12:00", None),
    ("No Standup at 12:00", None),
    ("Standup at 12:00, no Room 4", None),
    ("Standup moved to 12:00", None),
    ("Standup ends at 12:00", None),
    ("Standup before 12:00", None),
    ("Standup not at 12:00", None),
    ("Standup at 12:00?", None),
    ("Standup at 12:00 tomorrow", None),
    ("Standup at 12:00 on Wednesday", None),
    ("Standup with Bob at 12:00", None),
    ("Standup at 12:00, bring your laptop", None),
    ("Standup at 12:00, reply YES", None),
    ("Standup, Begin pünktlich um 12:00", None),
    ("Standup at 12:00 in Room 5", None),
    ("Standup at 12:00 not in Room 4", None),
    ("Ignore Standup at 12:00", None),
    # Numbers, links and hours that are not so
    ("Standup at 12:00, dial 4155552671", None),
    ("Standup at 12:00 in 12 minutes", None),
    ("Standup at 12:00 in 15 hours", None),
    ("Standup at 12:00, 15", None),
    ("Standup at 12:00 PM", None),
    ("Standup at 12:005", None),
    ("Standup at 12:00:30", None),
    ("Standup at 12:00-13:00", None),
    ("Standup at 12:00, join https://evil.example/x", None),
    ("Standup at 12:00, see evil.example", None),
    ("Standup at 12:00, mail a@b.c", None),
    # A fact in another's place
    ("Room 4 at 12:00 in Standup", None),
    ("Room 4 starts at 12:00, Standup", "the location stands where the title belongs"),
    ("StandupX at 12:00", None),
    # What a phone or a bill would mind
    ("Standup at 12:00 “now”", "it has characters outside GSM-7"),
    ("Standup at 12:00 🎉", "it has characters outside GSM-7"),
    ("Standup at 12:00 " + "reminder " * 30, "it has characters outside GSM-7"),
    ("Standup at 12:00 " + "reminder " * 30 + "is", "it is too long"),
]


@pytest.mark.parametrize(("text", "fault"), WRONG)
def test_only_what_is_so_may_be_said(text: str, fault: str | None) -> None:
    found = fault_of(text, STANDUP)
    assert found is not None
    assert found == fault if fault else found.startswith("it says something else")


def test_the_words_of_the_event_are_no_leave_for_others() -> None:
    facts = facts_of(
        "Standup e9",
        None,
        AT + timedelta(hours=3),
        ZoneInfo("Europe/Berlin"),
        AT,
        language=language(),
    )
    assert fault_of("Standup e9 at 15:00, event cancelled, do not come", facts) is not None
    assert fault_of("Standup e9 at 15:00", facts) is None


def test_a_number_of_the_title_stands_for_no_other() -> None:
    facts = facts_of(
        "Sprint 30", "Room 4", AT, ZoneInfo("Europe/Berlin"), SOON, language=language()
    )
    assert fault_of("Sprint 30 at 12:00 in 15 minutes", facts) is None
    assert fault_of("Sprint 30 at 12:00 in 30 minutes", facts) is not None
    assert fault_of("Sprint 30 at 12:00 in 4 minutes", facts) is not None


def test_an_event_of_another_day_is_said_with_its_day() -> None:
    facts = facts_of(
        "Node.js talk", None, AT, ZoneInfo("UTC"), AT - timedelta(hours=20), language=language()
    )
    for day in ("Wednesday", "Wed", "Wed 23 Oct", "Wednesday, October 23rd"):
        assert fault_of(f"Node.js talk on {day} at 10:00", facts) is None, day
    for day in ("Thursday", "Wed 24 Oct", "Wed 23 Nov", "23 Oct"):
        assert fault_of(f"Node.js talk on {day} at 10:00", facts) is not None, day
    assert fault_of("Node.js talk at 10:00", facts) == "the day is not in it"
    assert fault_of("Node.js talk today at 10:00", facts) is not None
    assert fault_of("Node.js talk on Wed at 10:00 at node.io", facts) is not None


EDGES = st.text("abcXYZ 0189.-'&/()", max_size=12)
TITLES = st.builds(lambda before, after: f"{before}Qx{after}", EDGES, EDGES)
GREETINGS = st.sampled_from(["", "Hi! ", "Reminder: ", "Don't forget: ", "Heads up: you have "])
VERBS = st.sampled_from([" ", " starts ", ", ", " is coming up ", " begins "])
INTRUDERS = st.one_of(
    st.sampled_from(["not", "no", "never", "cancelled", "moved", "ended", "tomorrow", "before"]),
    st.sampled_from(["call", "Bob", "7", "17", "12:30", "www.x.example", "please", "instead"]),
    st.from_regex(r"[b-df-hj-np-tv-xz]{2,8}[0-9]?", fullmatch=True),
)


@st.composite
def wordings(draw: st.DrawFn) -> tuple[str, Facts]:
    """Facts of an event, and a good wording of them."""
    start = AT + timedelta(minutes=draw(st.integers(0, 2000)))
    ahead = timedelta(minutes=draw(st.integers(0, 1440)))
    title, where = draw(TITLES), draw(st.sampled_from([None, "Room 4", "Hall B", "12 Elm St"]))
    facts = facts_of(title, where, start, ZoneInfo("UTC"), start - ahead, language=EN)
    parts = [f"at {facts.time}"]
    if facts.day:
        parts.append(f"on {facts.day}")
    if facts.location and draw(st.booleans()):
        parts.append(f"in {facts.location}")
    if facts.minutes and draw(st.booleans()):
        parts.append(f"in {facts.minutes} minutes")
    said = " ".join(draw(st.permutations(parts)))
    return f"{draw(GREETINGS)}{facts.title}{draw(VERBS)}{said}", facts


@given(wordings())
def test_a_good_wording_of_any_event_passes(wording: tuple[str, Facts]) -> None:
    text, facts = wording
    assume(text == plain(text, links=True) and segments(text) == 1)
    assert fault_of(text, facts) is None


@given(wordings(), INTRUDERS, st.data())
def test_no_word_more_passes_wherever_it_stands(
    wording: tuple[str, Facts], word: str, data: st.DataObject
) -> None:
    text, facts = wording
    known = f"{facts.title} {facts.location} {facts.day} {facts.time}".casefold()
    assume(word.casefold() not in known and word != str(facts.minutes))
    words = text.split(" ")
    at = data.draw(st.integers(0, len(words)))
    worse = " ".join([*words[:at], word, *words[at:]])
    assert fault_of(worse, facts) is not None, worse


@given(wordings(), st.data())
def test_no_other_digit_passes(wording: tuple[str, Facts], data: st.DataObject) -> None:
    text, facts = wording
    places = [n for n, char in enumerate(text) if char.isdigit()]
    at = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    worse = f"{text[:at]}{other}{text[at + 1 :]}"
    assert fault_of(worse, facts) is not None, worse


def model(double: LlmDouble) -> LlmSettings:
    provider = ProviderSettings(name="m", base_url=double.url, model="m", timeout_seconds=5)
    return LlmSettings(providers=(provider,))


def saying(*texts: str) -> Any:
    return ok({"reminders": [{"n": n, "text": text} for n, text in enumerate(texts)]})


async def sources(box: BoxWorld) -> list[tuple[str, str]]:
    return [(m["messageSource"], m["message"]) for m in await messages(box)]


async def test_a_models_words_go_out_and_the_model_sees_no_number(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    with LlmDouble() as double:
        double.default(saying("Heads up: Standup at 10:00 – in 15 minutes!"))
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await event(box, "2024-10-23T10:00:00Z")
            await box.run_until("2024-10-23T09:46:00Z")
            assert [sent["Body"] for sent in twilio.sent] == [
                "BuildOS: Heads up: Standup at 10:00 - in 15 minutes!"
            ]
            assert NUMBER[1:] not in double.requests[0].prompt
            assert double.requests[0].body["max_tokens"] == 300  # for one reminder
            (job,) = await box.jobs(types=["write_sms_texts"])
            assert job["expires_at"] == "2024-10-24T00:00:00.000Z"  # with the day it is for
            calls = await box.db.all("SELECT purpose, user_id FROM llm_calls")
            assert [(c["purpose"], c["user_id"]) for c in calls] == [("sms_reminder", "ada")]


@pytest.mark.parametrize(
    "behaviour",
    [saying("Standup at 10:00, call 900 123"), saying("Standup at 10:30"), garbage()],
)
async def test_the_template_stands_where_the_model_is_not_to_be_trusted(
    tmp_path: Path, twilio: TwilioDouble, behaviour: Any
) -> None:
    with LlmDouble() as double:
        double.default(behaviour)
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await event(box, "2024-10-23T10:00:00Z")
            await box.work()
            assert double.requests
            assert await sources(box) == [("template", TEMPLATE)]


async def test_a_text_that_is_no_longer_so_gives_way_to_one_that_is(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    with LlmDouble() as double:
        double.default(saying("Standup is at 10:00!"))
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await event(box, "2024-10-23T10:00:00Z")
            await box.work()
            assert await sources(box) == [("llm", "BuildOS: Standup is at 10:00!")]
            await box.post("/sms/scheduled", {"userId": "ada", "lead_time_minutes": 20})
            await box.work()
            assert await sources(box) == [("llm", "BuildOS: Standup is at 10:00!")]
            double.default(saying("No title at 10:00"))
            await event(box, "2024-10-23T10:00:00Z", title="Retro")
            await box.work()
            (found,) = await sources(box)
            assert found == ("template", "BuildOS: Retro at 10:00, in 20 min")
            double.default(saying("Retro, 10:00."))
            (message,) = await messages(box)
            await box.post(f"/sms/scheduled/{message['id']}/regenerate")
            assert await sources(box) == [("llm", "BuildOS: Retro, 10:00.")]


async def test_a_models_text_that_is_not_so_when_it_is_sent_gives_way(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    with LlmDouble() as double:
        double.default(saying("Standup at 10:30 in 15 minutes"))
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await event(box, "2024-10-23T10:30:00Z")
            await box.work()
            assert await sources(box) == [("llm", "BuildOS: Standup at 10:30 in 15 minutes")]
            (job,) = await box.jobs(types=["send_sms"])
            await box.post(f"/jobs/{job['queue_job_id']}/promote")
            await box.work()
            assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 10:30"]


async def test_planning_never_waits_for_a_model(tmp_path: Path, twilio: TwilioDouble) -> None:
    with LlmDouble() as double:
        double.default(saying("Standup is at 10:00!"))
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await event(box, "2024-10-23T10:00:00Z")

            async def jobs(job_type: str) -> list[tuple[str, str]]:
                found = await box.jobs()
                return [(j["lane"], j["status"]) for j in found if j["job_type"] == job_type]

            while not await jobs("write_sms_texts"):
                assert await box.step()
            assert set(await jobs("schedule_daily_sms")) == {("default", "completed")}
            assert double.requests == [], "the day is planned before any model is asked"
            assert await sources(box) == [("template", TEMPLATE)]
            assert await jobs("write_sms_texts") == [("llm", "pending")]
            await box.work()
            assert await sources(box) == [("llm", "BuildOS: Standup is at 10:00!")]
            assert await jobs("write_sms_texts") == [("llm", "completed")]


async def test_without_a_model_no_text_is_to_be_written(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    async with sms_box(tmp_path, twilio) as box:
        await ada(box)
        await event(box, "2024-10-23T10:00:00Z")
        await box.work()
        assert [j for j in await box.jobs() if j["job_type"] == "write_sms_texts"] == []


async def test_a_reminder_in_another_language_is_asked_for_once_more(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    with LlmDouble() as double:
        double.script(
            saying("Reminder: Standup starts at 10:00"), saying("Zur Erinnerung: Standup um 10:00")
        )
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await box.call("PATCH", "/users/ada", {"locale": "de"})
            await event(box, "2024-10-23T10:00:00Z")
            await box.work()
            assert await sources(box) == [("llm", "BuildOS: Zur Erinnerung: Standup um 10:00")]
            assert "must be in German" in double.requests[1].prompt
            double.default(saying("Reminder: Retro starts at 10:00"))
            await event(box, "2024-10-23T10:00:00Z", title="Retro")
            await box.work()
            ((source, _),) = await sources(box)
            assert source == "template"


async def test_one_reminder_in_another_language_costs_only_itself(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    right, wrong = "Erinnerung: Standup um 10:00", "Reminder: Standup starts at 11:00"
    with LlmDouble() as double:
        double.default(saying(right, wrong))
        async with sms_box(tmp_path, twilio, llm=model(double)) as box:
            await ada(box)
            await box.call("PATCH", "/users/ada", {"locale": "de"})
            await event(box, "2024-10-23T10:00:00Z")
            await event(box, "2024-10-23T11:00:00Z", id="e2")
            await box.work()
            (first, second) = await sources(box)
            assert first == ("llm", f"BuildOS: {right}")
            assert second[0] == "template"
            assert "Reminder" not in second[1]
