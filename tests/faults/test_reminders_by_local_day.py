"""Reminders are planned by the user's day (docs/spec.md#reminders-by-local-day)."""

from datetime import timedelta

from buildos_box.clock import from_text, to_text
from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, messages
from tests.world import BoxWorld


async def test_the_day_is_the_users_own(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box, zone="America/Los_Angeles")
    # 21:00 on the 24th in Los Angeles: the next UTC day
    await event(box, "2024-10-25T04:00:00Z")
    await box.run_until("2024-10-24T06:45:00Z")
    assert await messages(box) == []
    await box.run_until("2024-10-24T07:01:00Z")
    assert [m["sendAt"] for m in await messages(box)] == ["2024-10-25T03:45:00.000Z"]


async def test_an_evening_event_is_reminded_of_wherever_one_lives(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """21:00 in each of these places is in another UTC day than their morning."""
    zones = {"Pacific/Honolulu": 10, "America/Chicago": 5, "Asia/Tokyo": -9, "Pacific/Apia": -13}
    for number, (zone, behind) in enumerate(zones.items()):
        user = f"u{number}"
        await box.person(user, zone=zone)
        wishes = {"phone_number": f"+1415555267{number}", "phone_verified": True, "enabled": True}
        await box.post("/sms/scheduled", {"userId": user, **wishes})
        start = from_text("2024-10-25T21:00:00Z") + timedelta(hours=behind)
        await box.sync(
            events=[{"id": user, "userId": user, "title": user, "startAt": to_text(start)}]
        )
    await box.run_until("2024-10-26T08:00:00Z", step=timedelta(minutes=15))
    assert sorted(sent["Body"] for sent in twilio.sent) == [
        f"BuildOS: u{number} at 21:00, in 15 min" for number in range(4)
    ]
