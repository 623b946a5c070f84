"""The daily brief by SMS, for those who asked for it (docs/spec.md#brief-preferences)."""

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER
from tests.world import BoxWorld


@pytest.mark.parametrize(
    ("wanted", "verified", "sent"), [(True, True, 1), (False, True, 0), (True, False, 0)]
)
async def test_a_brief_is_told_of_by_sms_at_its_time(
    box: BoxWorld, twilio: TwilioDouble, wanted: bool, verified: bool, sent: int
) -> None:
    await box.person(at="09:00", smsDailyBrief=wanted)
    await box.project(tasks=2)
    await box.sync(
        smsPreferences=[{"userId": "ada", "phoneNumber": NUMBER, "phoneVerified": verified}]
    )
    await box.run_until("2024-10-23T08:59:00Z")
    assert twilio.sent == []
    await box.run_until("2024-10-23T09:05:00Z")
    assert len(box.outbox) == 1
    assert len(twilio.sent) == sent
    for message in twilio.sent:
        assert message["To"] == NUMBER
        assert message["Body"] == (
            "BuildOS: First Task 0 https://box.example/app/#brief-2024-10-23"
        )
