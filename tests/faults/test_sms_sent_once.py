"""A lost answer or a stall sends no second SMS (docs/spec.md#no-second-sms)."""

import asyncio

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, messages, states
from tests.world import BoxWorld


async def test_an_answer_that_is_lost_sends_no_second_sms(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = ["lost"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert await states(box) == [("sending", None)]
    await box.run_until("2024-10-23T08:05:00Z")
    assert (len(twilio.sent), twilio.listed) == (1, 1)
    (message,) = await messages(box)
    assert (message["status"], message["twilioSid"]) == ("sent", twilio.sent[0]["Sid"])


async def test_a_message_taken_over_in_mid_flight_is_not_sent_again(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """The first worker stands still with the message handed over; another takes its job."""
    await ada(box)
    twilio.script = ["held"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    claimed = await box.claim()
    assert claimed is not None
    stalled = asyncio.create_task(box.box.engine.runner.run(claimed, box.box.services))
    assert await asyncio.to_thread(twilio.waiting.acquire, timeout=10)
    await box.recover()
    # The one that takes over waits until the first has let go.
    asyncio.get_running_loop().call_later(0.5, twilio.release)
    await box.run_until("2024-10-23T08:10:00Z")
    assert (await states(box), twilio.listed) == ([("sent", None)], 1)
    await stalled
    await box.run_until("2024-10-23T08:20:00Z")
    assert (len(twilio.sent), await states(box)) == (1, [("sent", None)])
    count = await box.db.one("SELECT sum(count) AS n FROM sms_daily_counts")
    assert count["n"] == 1
