"""What holds for whom an SMS goes to (docs/spec.md#workspace-data)."""

from typing import Any

import pytest

from tests.workspace.conftest import Workspace

NUMBER, OTHER = "+14155552671", "+14155552672"


async def sms(ada: Workspace, **given: Any) -> dict[str, Any]:
    await ada.sync(smsPreferences=[{"userId": "ada", **given}])
    (row,) = await ada.rows("user_sms_preferences")
    return row


async def test_a_new_number_is_unverified_and_the_same_one_stays_verified(ada: Workspace) -> None:
    assert (await sms(ada, phoneNumber="+1 415 555 2671"))["phone_number"] == NUMBER
    assert (await sms(ada, phoneVerified=True))["phone_verified"] == 1
    assert (await sms(ada, phoneNumber=NUMBER, dailyLimit=3))["phone_verified"] == 1
    assert (await sms(ada, phoneNumber=OTHER))["phone_verified"] == 0
    assert (await sms(ada, phoneNumber=NUMBER, phoneVerified=True))["phone_verified"] == 1
    assert (await sms(ada, phoneNumber=None))["phone_verified"] == 0


async def test_no_number_is_not_verified(ada: Workspace) -> None:
    faults = await ada.faults(smsPreferences=[{"userId": "ada", "phoneVerified": True}])
    assert faults == {"smsPreferences[0].phoneVerified": "needs a phoneNumber"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"phoneNumber": "4155552671"}, "phoneNumber"),
        ({"phoneNumber": "+1"}, "phoneNumber"),
        ({"phoneNumber": "+1415555"}, "phoneNumber"),
        ({"phoneNumber": 14155552671}, "phoneNumber"),
        ({"leadTimeMinutes": -1}, "leadTimeMinutes"),
        ({"leadTimeMinutes": 1441}, "leadTimeMinutes"),
        ({"leadTimeMinutes": True}, "leadTimeMinutes"),
        ({"leadTimeMinutes": "15"}, "leadTimeMinutes"),
        ({"quietHoursStart": "22:00"}, "quietHoursEnd"),
        ({"quietHoursEnd": "07:00"}, "quietHoursStart"),
    ],
)
async def test_what_cannot_be_is_refused(ada: Workspace, given: dict[str, Any], field: str) -> None:
    faults = await ada.faults(smsPreferences=[{"userId": "ada", **given}])
    assert faults.keys() == {f"smsPreferences[0].{field}"}


async def test_the_ends_of_what_is_allowed_are_taken(ada: Workspace) -> None:
    assert (await sms(ada, leadTimeMinutes=0))["lead_time_minutes"] == 0
    row = await sms(ada, leadTimeMinutes=1440, quietHoursStart="22:00:30", quietHoursEnd="07:00")
    assert row["lead_time_minutes"] == 1440
    assert (row["quiet_hours_start"], row["quiet_hours_end"]) == ("22:00", "07:00")
    assert (await sms(ada, quietHoursStart=None, quietHoursEnd=None))["quiet_hours_end"] is None
