"""The forecast of a brief that is written and whose mail waits (docs/spec.md#forecast)."""

from datetime import date, timedelta

from buildos_box.briefs.forecast import expected_briefs
from buildos_box.clock import from_text
from tests.briefs.test_cron import cron
from tests.world import BoxWorld


async def test_a_mail_that_waits_is_told_with_the_day_of_its_brief(box: BoxWorld) -> None:
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    await box.run_until("2024-10-23T09:29:00Z")
    assert box.outbox == []
    (row,) = await box.db.all("SELECT generation_status FROM daily_briefs")
    assert row["generation_status"] == "completed"
    now = box.clock.now()
    found = await box.db.read(
        lambda tx: expected_briefs(tx, box.box.services, "ada", now, now + timedelta(hours=2))
    )
    assert [(one.day, one.at, one.skipped) for one in found] == [
        (date(2024, 10, 23), from_text("2024-10-23T09:30:00Z"), None)
    ]
