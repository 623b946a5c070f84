"""An SMS that failed once is tried again (docs/spec.md#first-failure-is-retried)."""

from datetime import timedelta

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, messages, states
from tests.world import BoxWorld


async def failures(box: BoxWorld) -> int:
    return sum(day["failed"] for day in (await box.get("/sms/metrics"))["days"])


async def test_a_first_failure_is_not_the_last_word(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)
    twilio.script = [(503, 20503), (429, 20429), (500, 30001)]
    await event(box, "2024-10-23T10:00:00Z")
    await box.run_until("2024-10-23T09:45:00Z")
    assert await states(box) == [("sending", None)]
    assert (await box.get("/sms/metrics"))["days"][0]["failed"] == 0
    await box.run_until("2024-10-23T10:00:00Z")
    (message,) = await messages(box)
    assert (message["status"], message["reason"], len(twilio.sent)) == ("sent", None, 1)
    job = next(job for job in await box.jobs() if job["job_type"] == "send_sms")
    assert job["status"] == "completed"
    attempts = (await box.get(f"/jobs/{job['queue_job_id']}/attempts"))["attempts"]
    assert len(attempts) == 4


async def test_the_last_failure_is_counted_once_and_told(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = [(503, 20503)] * 2000
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.run_until("2024-10-24T08:01:00Z", step=timedelta(minutes=2))
    ((status, reason),) = await states(box)
    assert (status, twilio.sent) == ("unknown", [])
    assert reason
    assert await failures(box) == 0  # Twilio may have it: it is asked first
    await box.run_until("2024-10-27T00:00:00Z", step=timedelta(hours=1))
    assert await failures(box) == 1
