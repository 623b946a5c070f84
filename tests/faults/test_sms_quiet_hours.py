"""Quiet hours delay; only sent SMS count (docs/spec.md#quiet-hours-delay)."""

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, states
from tests.world import BoxWorld


async def test_quiet_hours_defer_and_only_what_is_sent_counts(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box, quiet_hours_start="07:00", quiet_hours_end="09:00", daily_limit=1)
    twilio.script = [(503, 20503)]
    await box.post("/queue/sms", {"userId": "ada", "message": "one"})
    await box.run_until("2024-10-23T08:59:00Z")
    assert (twilio.sent, await states(box)) == ([], [("scheduled", None)])
    await box.run_until("2024-10-23T09:02:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["one"]
    await box.post("/queue/sms", {"userId": "ada", "message": "two"})
    await box.work()
    assert (await states(box))[-1] == ("skipped", "daily_limit")


async def test_a_message_that_quiet_hours_catch_leaves_when_they_end(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box, quiet_hours_start="22:00", quiet_hours_end="08:30")
    await event(box, "2024-10-23T08:35:00Z")
    await box.run_until("2024-10-23T08:29:00Z")
    assert twilio.sent == []
    await box.run_until("2024-10-23T08:31:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 08:35, in 5 min"]


async def test_what_failed_has_not_used_up_the_day(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box, daily_limit=1)
    twilio.script = [(400, 21408)]
    for text in ("one", "two", "three"):
        await box.post("/queue/sms", {"userId": "ada", "message": text})
        await box.work()
    assert [status for status, _ in await states(box)] == ["failed", "sent", "skipped"]
    assert [sent["Body"] for sent in twilio.sent] == ["two"]
