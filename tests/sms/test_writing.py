"""Reminders written by a language model, and what is rejected (docs/spec.md#sms-text)."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buildos_box.clock import from_text
from buildos_box.settings import LlmSettings, ProviderSettings
from buildos_box.sms.writing import facts_of, fault_of
from tests.doubles.llm import LlmDouble, garbage, ok
from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box
from tests.sms.test_sms import NUMBER, ada, event, messages
from tests.world import BoxWorld

AT = from_text("2024-10-23T10:00:00Z")
SOON = AT - timedelta(minutes=15)
STANDUP = facts_of("Standup", "Room 4", AT, ZoneInfo("Europe/Berlin"), SOON)
TEMPLATE = "Reminder: Standup at 10:00, in 15 min"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Hi! Standup starts at 12:00 in Room 4, that is in 15 minutes.", None),
        ("Standup at 12:00", None),
        ("The meeting is at 12:00", "the title is not in it"),
        ("Standup at noon", "the time is not in it"),
        ("Standup at 12:00, dial 4155552671", "it has a number that the event does not have"),
        ("Standup at 12:00 in 12 minutes", "it has a number that the event does not have"),
        ("Standup at 12:00, join https://evil.example/x", "it has a link"),
        ("Standup at 12:00, see evil.example", "it has a link"),
        ("Standup at 12:00, mail a@b.c", "it has a link"),
        ("Standup at 12:00 “now”", "it has characters outside GSM-7"),
        ("Standup at 12:00 🎉", "it has characters outside GSM-7"),
        ("Standup at 12:00 " + "very " * 30, "it has characters outside GSM-7"),
        ("Standup at 12:00 " + "very " * 30 + "soon", "it is too long"),
    ],
)
def test_only_what_is_so_may_be_said(text: str, fault: str | None) -> None:
    assert fault_of(text, STANDUP) == fault


def test_a_link_in_the_title_is_no_reason_for_another() -> None:
    facts = facts_of("Node.js talk", None, AT, ZoneInfo("UTC"), AT - timedelta(hours=20))
    assert fault_of("Node.js talk on Wednesday at 10:00", facts) is None
    assert fault_of("Node.js talk at 10:00", facts) == "the day is not in it"
    assert fault_of("Node.js talk on Wed at 10:00 at node.io", facts) == "it has a link"


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
                "Heads up: Standup at 10:00 - in 15 minutes!"
            ]
            assert NUMBER[1:] not in double.requests[0].prompt
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
            assert await sources(box) == [("llm", "Standup is at 10:00!")]
            await box.post("/sms/scheduled", {"userId": "ada", "lead_time_minutes": 20})
            await box.work()
            assert await sources(box) == [("llm", "Standup is at 10:00!")]
            double.default(saying("No title at 10:00"))
            await event(box, "2024-10-23T10:00:00Z", title="Retro")
            await box.work()
            (found,) = await sources(box)
            assert found == ("template", "Reminder: Retro at 10:00, in 20 min")
            double.default(saying("Retro, 10:00."))
            (message,) = await messages(box)
            await box.post(f"/sms/scheduled/{message['id']}/regenerate")
            assert await sources(box) == [("llm", "Retro, 10:00.")]


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
            assert await sources(box) == [("llm", "Standup is at 10:00!")]
            assert await jobs("write_sms_texts") == [("llm", "completed")]


async def test_without_a_model_no_text_is_to_be_written(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    async with sms_box(tmp_path, twilio) as box:
        await ada(box)
        await event(box, "2024-10-23T10:00:00Z")
        await box.work()
        assert [j for j in await box.jobs() if j["job_type"] == "write_sms_texts"] == []
