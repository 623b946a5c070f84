"""`POST /queue/test-sms`: one message over the real client, never to who said STOP."""

from buildos_box.sms import preferences_store
from tests.doubles.twilio import TwilioDouble
from tests.world import BoxWorld

NUMBER = "+14155552671"


async def test_a_test_sms_leaves_once(box: BoxWorld, twilio: TwilioDouble) -> None:
    job_id = (await box.post("/queue/test-sms", {"to": NUMBER}))["jobId"]
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert job["status"] == "completed"
    assert [message["To"] for message in twilio.sent] == [NUMBER]
    assert job["result"] == {"twilioSid": twilio.sent[0]["Sid"]}


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
    assert twilio.sent == []
