"""A wall clock set back or forth loses no job and doubles none."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.settings import LaneSettings, QueueSettings, Settings
from tests.clock import ManualClock
from tests.world import BoxWorld, open_world

HOUR = timedelta(hours=1)


async def test_a_due_job_runs_after_the_clock_was_set_back(box: BoxWorld) -> None:
    await box.person()
    job_id = await _ask(box)
    box.clock.advance(-HOUR)
    await box.work()
    box.clock.advance(HOUR)
    await box.work()
    await _assert_done_once(box, job_id)


async def test_an_enqueue_after_a_step_back_runs_by_the_new_clock(box: BoxWorld) -> None:
    await box.person()
    box.clock.advance(-HOUR)
    job_id = await _ask(box)
    await box.work()
    await _assert_done_once(box, job_id)


async def test_a_job_planned_for_later_runs_when_a_step_forth_passes_its_time(
    box: BoxWorld,
) -> None:
    await box.person()
    job_id = await _ask(box, scheduledFor="2024-10-23T11:00:00Z")
    await box.work()
    assert (await box.get(f"/jobs/{job_id}"))["status"] == "pending"
    box.clock.advance(6 * HOUR)
    await box.work()
    await _assert_done_once(box, job_id)
    box.clock.advance(-6 * HOUR)
    await box.work()
    await _assert_done_once(box, job_id)


@pytest.mark.parametrize("hours", [-1, -24, 1, 24])
async def test_a_step_during_a_run_costs_no_attempt_if_the_beat_comes_first(
    box: BoxWorld, hours: int
) -> None:
    await box.person()
    job_id = await _ask(box, briefDate="2024-10-23")
    running = await _set_going(box)
    box.clock.advance(hours * HOUR)
    await box.box.engine.runner.beat()
    assert await asyncio.to_thread(box.box.engine.recover) == 0
    await running
    await box.work()
    await _assert_done_once(box, job_id)


@pytest.mark.parametrize("hours", [-1, -24, 1, 24])
async def test_a_step_during_a_run_doubles_nothing_if_the_leases_are_checked_first(
    box: BoxWorld, hours: int
) -> None:
    await box.person()
    job_id = await _ask(box, briefDate="2024-10-23")
    running = await _set_going(box)
    box.clock.advance(hours * HOUR)
    lost = await asyncio.to_thread(box.box.engine.recover)
    await running
    await box.work()
    await _assert_done_once(box, job_id, attempts=1 + lost)


async def test_a_lease_taken_before_a_step_back_still_runs_out(box: BoxWorld) -> None:
    await box.person()
    job_id = await _ask(box, briefDate="2024-10-23")
    assert await box.claim() is not None  # and its worker dies here
    box.clock.advance(-HOUR)
    assert await asyncio.to_thread(box.box.engine.recover) == 0
    box.clock.advance(HOUR + timedelta(seconds=61))
    assert await asyncio.to_thread(box.box.engine.recover) == 1
    await box.work()
    await _assert_done_once(box, job_id, attempts=2)


async def test_a_daily_brief_is_written_once_though_its_hour_is_lived_through_twice(
    box: BoxWorld,
) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T09:10:00Z")
    box.clock.set("2024-10-23T08:30:00Z")
    await box.run_until("2024-10-23T09:30:00Z")
    assert len(box.outbox) == 1
    briefs = [job for job in await box.jobs() if job["job_type"] == "generate_daily_brief"]
    assert [job["status"] for job in briefs] == ["completed"]


async def test_a_daily_brief_skipped_over_by_a_step_forth_is_made_good(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:05:00Z")
    box.clock.set("2024-10-23T09:20:00Z")
    await box.tick()
    assert len(box.outbox) == 1


async def test_crons_go_on_after_the_clock_was_set_back_by_days(box: BoxWorld) -> None:
    await box.tick()
    box.clock.advance(72 * HOUR)
    await box.tick()
    box.clock.advance(-72 * HOUR)
    await box.person(at="10:30")
    await box.run_until("2024-10-23T10:40:00Z")
    assert len(box.outbox) == 1


async def test_a_clock_years_ahead_that_is_set_right_leaves_the_next_brief_in_time(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    async with open_world(tmp_path, clock=clock) as box:
        await box.person(at="09:00")
        clock.set("2031-01-01T00:00:00Z")
        await box.tick()
    clock.set("2024-10-23T08:10:00Z")
    async with open_world(tmp_path, clock=clock) as box:
        await box.run_until("2024-10-23T09:10:00Z")
        assert len(box.outbox) == 1


async def test_a_lane_with_a_rate_is_not_shut_by_starts_that_lie_in_the_future(
    tmp_path: Path,
) -> None:
    lanes = {**QueueSettings().lanes, "llm": LaneSettings(concurrency=4, per_minute=1)}
    settings = Settings(queue=QueueSettings(lanes=lanes))
    async with open_world(tmp_path, settings=settings) as box:
        await box.person()
        await box.post("/queue/brief", {"userId": "ada", "briefDate": "2024-10-20"})
        await box.work()
        box.clock.advance(-HOUR)
        await box.post("/queue/brief", {"userId": "ada", "briefDate": "2024-10-21"})
        box.clock.advance(timedelta(minutes=2))
        await box.work()
        assert len(box.outbox) == 2


async def _set_going(box: BoxWorld) -> "asyncio.Task[None]":
    """An attempt that has begun and is not done."""
    claimed = await box.claim()
    assert claimed is not None
    running = asyncio.create_task(box.box.engine.runner.run(claimed, box.box.services))
    while box.box.engine.runner.in_flight == 0:
        await asyncio.sleep(0)
    return running


async def _ask(box: BoxWorld, **options: str) -> str:
    answer = await box.post("/queue/brief", {"userId": "ada", **options})
    return str(answer["jobId"])


async def _assert_done_once(box: BoxWorld, job_id: str, *, attempts: int = 1) -> None:
    """A lost attempt is not counted, but stays on record."""
    job = await box.get(f"/jobs/{job_id}")
    assert (job["status"], job["attempts"]) == ("completed", 1)
    assert len((await box.get(f"/jobs/{job_id}/attempts"))["attempts"]) == attempts
    assert len(box.outbox) == 1
