"""A missed day loses no re-engagement brief (docs/spec.md#engagement-by-ranges)."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from buildos_box.settings import BriefSettings, Settings
from tests.clock import ManualClock
from tests.world import open_world

BACKOFF = Settings(briefs=BriefSettings(engagement_backoff=True))


@pytest.mark.parametrize(
    ("away", "stage"), [(6, "first_reengagement"), (17, "second_reengagement")]
)
async def test_a_box_that_was_off_on_the_very_day_writes_on_the_next(
    tmp_path: Path, away: int, stage: str
) -> None:
    clock = ManualClock("2024-10-01T08:00:00Z")
    async with open_world(tmp_path, clock=clock, settings=BACKOFF) as box:
        await box.person(at="09:00")
        await box.post("/users/ada/visit")
    # Days 4 and 14 go by with nobody at home.
    clock.advance(timedelta(days=away))
    async with open_world(tmp_path, clock=clock, settings=BACKOFF) as box:
        await box.recover()
        await box.run_until(clock.now() + timedelta(hours=2), step=timedelta(minutes=30))
        jobs = [job for job in await box.jobs() if job["job_type"] == "generate_daily_brief"]
        done = [job for job in jobs if job["status"] == "completed"]
        assert len(done) == 1
        options = msgspec.json.decode(done[0]["metadata"])["options"]
        assert options["engagementStage"] == stage
        assert len(box.outbox) == 1
        clock.advance(timedelta(days=1))
        await box.tick()
        assert len(box.outbox) == 1
