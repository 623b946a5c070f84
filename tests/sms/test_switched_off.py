"""`sms.enabled = false`: nothing is sent, and it says so (docs/spec.md#config-aliases)."""

from pathlib import Path

from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box


async def test_a_switched_off_sms_is_skipped_with_the_reason(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    async with sms_box(tmp_path, twilio, enabled=False) as box:
        await box.person()
        asked = {"userId": "ada", "message": "Hello", "phoneNumber": "+14155552671"}
        job = (await box.post("/queue/sms", asked))["jobId"]
        await box.work()
        (message,) = (await box.get("/sms/scheduled/user/ada"))["messages"]
        said = "SMS is switched off (sms.enabled is false)"
        assert (message["status"], message["reason"]) == ("skipped", said)
        assert (await box.get(f"/jobs/{job}"))["status"] == "completed"
        test = (await box.post("/queue/test-sms", {"to": "+14155552671"}))["jobId"]
        await box.work()
        assert (await box.get(f"/jobs/{test}"))["error"] == said
        assert twilio.sent == []
