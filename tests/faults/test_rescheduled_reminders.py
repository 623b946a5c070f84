"""A moved event's reminder is sent at the new time only (docs/spec.md#moved-reminders)."""

from typing import Any

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, live_jobs, states
from tests.world import BoxWorld


async def test_a_moved_event_moves_its_reminder_and_the_job(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await event(box, "2024-10-23T11:00:00Z")
    assert await states(box) == [("cancelled", "event_moved"), ("scheduled", None)]
    assert await live_jobs(box) == ["2024-10-23T10:45:00.000Z"]
    await box.run_until("2024-10-23T10:30:00Z")
    assert twilio.sent == []
    await event(box, "2024-10-23T11:00:00Z", status="cancelled")
    assert await live_jobs(box) == []


async def test_a_rescheduled_message_leaves_at_the_new_time_only(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    at = "2024-10-23T09:00:00Z"
    made = await box.post("/queue/sms", {"userId": "ada", "message": "x", "scheduledFor": at})
    change = {"scheduledFor": "2024-10-23T10:00:00Z", "message": "y"}
    answer = await box.call("PATCH", f"/sms/scheduled/{made['smsId']}/update", change)
    assert answer.status_code == 200, answer.text
    await box.run_until("2024-10-23T09:30:00Z")
    assert twilio.sent == []
    await box.run_until("2024-10-23T10:01:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["y"]


async def test_an_event_moved_by_two_hours_is_one_sms_at_its_new_time(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    assert await live_jobs(box) == ["2024-10-23T09:45:00.000Z"]
    await event(box, "2024-10-23T12:00:00Z")
    assert await live_jobs(box) == ["2024-10-23T11:45:00.000Z"]
    await box.run_until("2024-10-23T12:10:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 12:00, in 15 min"]
    assert await states(box) == [("cancelled", "event_moved"), ("sent", None)]


async def test_an_event_moved_there_and_back_is_one_sms(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    for start in ("10:00", "12:00", "10:00", "09:00", "10:00"):
        await event(box, f"2024-10-23T{start}:00Z")
    assert await live_jobs(box) == ["2024-10-23T09:45:00.000Z"]
    await box.run_until("2024-10-23T12:10:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 10:00, in 15 min"]


@pytest.mark.parametrize("how", ["delete", "cancel", "decline", "all_day", "sync", "user"])
async def test_an_event_that_is_no_more_is_no_sms(
    box: BoxWorld, twilio: TwilioDouble, how: str
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    assert len(await live_jobs(box)) == 1
    if how == "delete":
        assert (await box.call("DELETE", "/calendar-events/e1")).status_code == 204
    elif how == "sync":
        await box.sync(delete={"events": ["e1"]})
    elif how == "user":
        await box.call("DELETE", "/users/ada")
    elif how == "all_day":
        await box.sync(events=[{"id": "e1", "allDay": True, "startDate": "2024-10-23"}])
    else:
        changed: dict[str, Any] = {"status": "cancelled"} if how == "cancel" else {"declined": True}
        await event(box, "2024-10-23T10:00:00Z", **changed)
    await box.run_until("2024-10-23T10:10:00Z")
    assert twilio.sent == []
    assert await live_jobs(box) == []
