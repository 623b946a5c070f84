"""After an outage of days nothing old is sent (docs/spec.md#nothing-stale-after-outage)."""

from datetime import timedelta
from pathlib import Path

from tests.clock import ManualClock
from tests.world import open_world


async def test_what_was_due_during_an_outage_of_two_days_is_not_sent_late(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    async with open_world(tmp_path, clock=clock) as box:
        await box.person("ada", at="09:00")
        await box.person("bob")
        await box.post("/queue/brief", {"userId": "bob", "scheduledFor": "2024-10-23T10:00:00Z"})
        await box.tick()
    clock.advance(timedelta(days=2))
    async with open_world(tmp_path, clock=clock) as box:
        await box.recover()
        await box.tick()
        assert box.outbox == []
        old = [job for job in await box.jobs() if job["created_at"] < "2024-10-24"]
        assert [job["status"] for job in old] == ["cancelled", "cancelled"]
        await box.run_until("2024-10-25T09:10:00Z")
        assert [mail["To"].addresses[0].username for mail in box.outbox] == ["ada"]


async def test_an_outage_of_half_an_hour_is_made_good(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_world(tmp_path, clock=clock) as box:
        await box.person(at="09:00")
    clock.set("2024-10-23T09:30:00Z")
    async with open_world(tmp_path, clock=clock) as box:
        await box.tick()
        assert len(box.outbox) == 1
