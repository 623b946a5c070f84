"""SMS preferences by `POST /sync`; the daily catch-all (docs/spec.md#sync-lists)."""

from typing import Any

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER, event
from tests.world import BoxWorld

WISHES = {
    "userId": "ada",
    "phoneNumber": "+1 415 555 2671",
    "phoneVerified": True,
    "eventRemindersEnabled": True,
    "leadTimeMinutes": 30,
    "quietHoursStart": "22:00",
    "quietHoursEnd": "08:00",
    "dailyLimit": 5,
}


async def line(box: BoxWorld) -> Any:
    (line,) = (await box.get("/sms/scheduled"))["schedule"]
    return line


async def test_synced_preferences_plan_the_day(box: BoxWorld, twilio: TwilioDouble) -> None:
    await box.person()
    await event(box, "2024-10-23T10:00:00Z")
    answer = await box.sync(smsPreferences=[WISHES])
    assert answer["changed"]["smsPreferences"]["created"] == 1
    assert (await box.sync(smsPreferences=[WISHES]))["changed"]["smsPreferences"] == {
        "created": 0,
        "updated": 0,
        "unchanged": 1,
        "deleted": 0,
    }
    assert (await line(box)).items() >= {
        "phone_number": NUMBER,
        "phone_verified": True,
        "enabled": True,
        "lead_time_minutes": 30,
        "quiet_hours_end": "08:00",
        "daily_limit": 5,
    }.items()
    await box.run_until("2024-10-23T09:31:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 10:00, in 30 min"]


async def test_another_number_is_unverified_and_none_at_all_ends_reminders(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.person()
    await box.sync(smsPreferences=[WISHES])
    await box.sync(smsPreferences=[{"userId": "ada", "phoneNumber": "+14155552672"}])
    assert (await line(box))["phone_verified"] is False
    await box.sync(delete={"smsPreferences": ["ada"]})
    await event(box, "2024-10-23T10:00:00Z")
    await box.run_until("2024-10-23T10:01:00Z")
    assert twilio.sent == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"phoneNumber": "415 555 2671"}, "phoneNumber"),
        ({"phoneNumber": "+1 000"}, "phoneNumber"),
        ({"phoneNumber": None}, "phoneVerified"),
        ({"leadTimeMinutes": 1441}, "leadTimeMinutes"),
        ({"dailyLimit": True}, "dailyLimit"),
        ({"quietHoursEnd": None}, "quietHoursEnd"),
        ({"quietHoursStart": "25:00"}, "quietHoursStart"),
        ({"userId": "bob"}, "userId"),
    ],
)
async def test_impossible_preferences_are_named(
    box: BoxWorld, wrong: dict[str, Any], field: str
) -> None:
    await box.person()
    answer = await box.call("POST", "/sync", {"smsPreferences": [WISHES | wrong]})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]] == [f"smsPreferences[0].{field}"]


async def test_whom_a_wrong_clock_has_planned_far_ahead_the_catch_all_finds(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.person()
    await box.sync(smsPreferences=[WISHES])
    box.clock.set("2024-12-01T00:00:00Z")
    await box.tick()
    box.clock.set("2024-10-24T07:00:00Z")
    await event(box, "2024-10-25T10:00:00Z")
    await box.run_until("2024-10-25T09:31:00Z")
    assert len(twilio.sent) == 1
    (cron,) = [c for c in (await box.get("/schedule"))["crons"] if "catch_all" in c["name"]]
    assert cron["schedule"] == "0 0 * * *"
