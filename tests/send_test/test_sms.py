"""`POST /queue/test-sms`: one message over the real client, never to who said STOP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from buildos_box.sms import preferences_store
from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box
from tests.world import BoxWorld

NUMBER = "+14155552671"


@pytest.fixture
async def box(tmp_path: Path, twilio: TwilioDouble) -> AsyncIterator[BoxWorld]:
    async with sms_box(tmp_path, twilio) as world:
        yield world


async def test_a_test_sms_leaves_once(box: BoxWorld, twilio: TwilioDouble) -> None:
    job_id = (await box.post("/queue/test-sms", {"to": NUMBER}))["jobId"]
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert job["status"] == "completed"
    assert [message["To"] for message in twilio.sent] == [NUMBER]
    assert job["result"] == {"twilioSid": twilio.sent[0]["Sid"]}
    (message,) = twilio.sent
    assert message["Body"] == "This is a test message from BuildOS Box."
    assert message["ValidityPeriod"] == "600"
    assert "StatusCallback" not in message
    assert (job["lane"], job["priority"], job["max_attempts"]) == ("sms", 1, 1)


async def test_a_number_that_is_none_is_refused_by_its_field(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    answer = await box.call("POST", "/queue/test-sms", {"to": "12"})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]] == ["to"]
    assert await box.jobs() == []


async def test_who_said_stop_gets_none(box: BoxWorld, twilio: TwilioDouble) -> None:
    await box.person("ada")
    await box.post(
        "/sms/scheduled", {"userId": "ada", "phone_number": NUMBER, "phone_verified": True}
    )
    now = box.clock.now()
    await box.db.write(lambda tx: preferences_store.set_opt_out(tx, NUMBER, out=True, now=now))
    job_id = (await box.post("/queue/test-sms", {"to": NUMBER}))["jobId"]
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert (job["status"], job["error"]) == ("failed", "this number has opted out of SMS")
    assert job["error_code"] == "opted_out"
    assert twilio.sent == []
