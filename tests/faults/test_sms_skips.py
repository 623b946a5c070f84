"""An SMS that is not wanted is skipped, not failed (docs/spec.md#skips-are-no-failures)."""

from typing import Any

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, states
from tests.world import BoxWorld


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"enabled": False}, "reminders_off"),
        ({"phone_verified": False}, "phone_not_verified"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"quiet_hours_start": "09:00", "quiet_hours_end": "11:00"}, "quiet_hours"),
    ],
)
async def test_what_is_not_wanted_is_skipped_and_no_failure(
    box: BoxWorld, twilio: TwilioDouble, wishes: dict[str, Any], reason: str
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.post("/sms/scheduled", {"userId": "ada", **wishes})
    await box.run_until("2024-10-23T10:01:00Z")
    assert (twilio.sent, await states(box)) == ([], [("skipped", reason)])
    assert [job["status"] for job in await box.jobs() if job["status"] == "failed"] == []
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert (day["skipped"], day["failed"], day["deliveryRate"]) == ({reason: 1}, 0, None)
