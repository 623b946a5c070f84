"""Reminders of events near local midnight (docs/spec.md#sms-daily-plan)."""

from typing import Any

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event
from tests.world import BoxWorld


@pytest.mark.parametrize(
    ("lead", "start", "sent"),
    [
        (15, "2024-10-24T00:00:00Z", "2024-10-23T23:45:00.000Z"),
        (15, "2024-10-24T00:10:00Z", "2024-10-23T23:55:00.000Z"),
        (5, "2024-10-24T00:10:00Z", "2024-10-24T00:05:00.000Z"),
        (1440, "2024-10-24T20:00:00Z", "2024-10-23T20:00:00.000Z"),
        (1440, "2024-10-25T00:10:00Z", "2024-10-24T00:10:00.000Z"),
    ],
)
async def test_a_reminder_goes_out_its_lead_time_before_also_across_midnight(
    box: BoxWorld, twilio: TwilioDouble, lead: int, start: str, sent: str
) -> None:
    await box.person()
    await event(box, start)
    await ada(box, lead_time_minutes=lead)
    expected = (await forecast(box))[0]
    assert (expected["at"], expected["outcome"]) == (sent, "send")
    await box.run_until("2024-10-25T00:20:00Z")
    assert await sent_at(box) == [sent[:16]]
    assert len(twilio.sent) == 1


async def test_an_event_added_late_for_early_tomorrow_is_reminded_of(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box, lead_time_minutes=30)
    await box.run_until("2024-10-23T23:00:00Z")
    await event(box, "2024-10-24T00:15:00Z")
    await box.run_until("2024-10-24T00:20:00Z")
    assert await sent_at(box) == ["2024-10-23T23:45"]


async def test_a_shorter_lead_moves_the_reminder_of_an_event_after_the_planned_day(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """The day that is planned does not reach as far any more; the reminder was planned already."""
    await ada(box, lead_time_minutes=1440)
    await event(box, "2024-10-24T12:00:00Z")
    await box.work()
    assert (await forecast(box))[0]["at"] == "2024-10-23T12:00:00.000Z"
    await box.post("/sms/scheduled", {"userId": "ada", "lead_time_minutes": 5})
    await box.run_until("2024-10-24T12:10:00Z")
    assert await sent_at(box) == ["2024-10-24T11:55"]
    assert len(twilio.sent) == 1


async def sent_at(box: BoxWorld) -> list[str]:
    """When each message was sent, to the minute."""
    rows = await box.db.all("SELECT sent_at FROM scheduled_sms_messages WHERE sent_at IS NOT NULL")
    return [row["sent_at"][:16] for row in rows]


async def forecast(box: BoxWorld) -> list[Any]:
    found = await box.get("/schedule/forecast?days=2&user=ada")
    return [item for item in found["deliveries"] if item["kind"] == "reminder"]
