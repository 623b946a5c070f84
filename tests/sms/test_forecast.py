"""What SMS are foreseen, by the rules that plan and send them (docs/spec.md#forecast)."""

from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import Settings
from buildos_box.settings.channels import SmsSettings
from tests.sms.test_sms import ada, event
from tests.world import BoxWorld, open_world


async def foreseen(box: BoxWorld) -> list[Any]:
    found = await box.get("/schedule/forecast?days=2&user=ada")
    return [item for item in found["deliveries"] if item["kind"] in ("reminder", "sms")]


async def test_a_planned_reminder_tells_from_when_quiet_hours_moved_it(box: BoxWorld) -> None:
    await ada(box, lead_time_minutes=60, quiet_hours_start="08:30", quiet_hours_end="10:00")
    await event(box, "2024-10-23T10:30:00Z")
    await box.work()
    (one,) = await foreseen(box)
    assert (one["outcome"], one["at"], one["movedFrom"], one["reason"]) == (
        "send",
        "2024-10-23T10:00:00.000Z",
        "2024-10-23T09:30:00.000Z",
        "quiet hours until 10:00 UTC",
    )


async def test_a_late_reminder_that_quiet_hours_hold_past_its_event_is_not_sent(
    box: BoxWorld,
) -> None:
    await ada(box, lead_time_minutes=60, quiet_hours_start="09:30", quiet_hours_end="11:00")
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    assert [one["outcome"] for one in await foreseen(box)] == ["send"]
    box.clock.set("2024-10-23T09:31:00Z")
    (one,) = await foreseen(box)
    assert (one["outcome"], one["reason"]) == ("skip", "quiet_hours")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("INSERT INTO sms_opt_outs VALUES ('+14155552671', '2024-10-23T08:00:00Z')", "opted_out"),
        ("UPDATE user_sms_preferences SET phone_verified = 0", "phone_not_verified"),
        ("UPDATE user_sms_preferences SET reminder_channel = 'chat'", "no_chat_address"),
    ],
)
async def test_a_reminder_that_reaches_nobody_says_why(
    box: BoxWorld, change: str, reason: str
) -> None:
    await ada(box)
    await event(box, "2024-10-24T12:00:00Z")
    await box.db.write(lambda tx: tx.execute(change))
    (one,) = await foreseen(box)
    assert (one["outcome"], one["reason"]) == ("skip", reason)


@pytest.mark.parametrize(
    ("sms", "reason"),
    [(SmsSettings(), "sms_not_configured"), (SmsSettings(enabled=False), "sms_off")],
)
async def test_a_box_that_cannot_send_sms_foresees_none(
    tmp_path: Path, sms: SmsSettings, reason: str
) -> None:
    async with open_world(tmp_path, settings=Settings(sms=sms)) as box:
        await ada(box)
        await event(box, "2024-10-24T12:00:00Z")
        (one,) = await foreseen(box)
        assert (one["outcome"], one["reason"]) == ("skip", reason)
