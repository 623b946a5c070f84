"""A day that is planned again adds no reminder (docs/spec.md#one-reminder-per-event)."""

from buildos_box.db import Tx
from buildos_box.sms.changes import SmsChanged
from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, live_jobs, messages
from tests.world import BoxWorld


async def test_a_day_planned_twice_has_one_reminder(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.post("/sms/scheduled", {"userId": "ada", "lead_time_minutes": 20})
    await box.work()
    assert [m["sendAt"] for m in await messages(box)] == ["2024-10-23T09:40:00.000Z"]
    assert await live_jobs(box) == ["2024-10-23T09:40:00.000Z"]
    await box.run_until("2024-10-23T10:10:00Z")
    assert len(twilio.sent) == 1


async def test_a_planning_that_fails_in_the_middle_leaves_nothing_and_is_done_again(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """The third of five reminders cannot be written, once: none is, then each of them once."""
    await ada(box)
    day = [
        {"id": f"e{n}", "userId": "ada", "title": f"Call {n}", "startAt": f"2024-10-23T1{n}:00:00Z"}
        for n in range(5)
    ]
    await box.post("/sms/scheduled", {"userId": "ada", "enabled": False})
    await box.sync(events=day)
    seen: list[str] = []

    def break_once(tx: Tx, change: SmsChanged) -> None:
        seen.append(change.sms_id)
        if len(seen) == 3:
            raise RuntimeError("the disk is full, say")

    box.db.subscribe(SmsChanged, break_once)
    await box.post("/sms/scheduled", {"userId": "ada", "enabled": True})
    await box.work()
    assert (len(seen), await messages(box)) == (3, [])
    await box.run_until("2024-10-23T14:10:00Z")
    assert sorted(sent["Body"] for sent in twilio.sent) == [
        f"BuildOS: Call {n} at 1{n}:00, in 15 min" for n in range(5)
    ]
