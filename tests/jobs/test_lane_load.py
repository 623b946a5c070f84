"""What each lane has to do, and when it will be clear (docs/spec.md#lane-load)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import to_text
from buildos_box.errors import TransientError
from buildos_box.jobs import pause_store
from buildos_box.jobs.lane_load import LaneLoad, loads
from buildos_box.jobs.lanes import Lane
from tests.jobs.conftest import QueueWorld

MINUTE = timedelta(minutes=1)


async def load_of(world: QueueWorld, lane: str) -> LaneLoad:
    found = await loads(world.db, world.queue.lanes, world.clock.now())
    assert [one.lane.name for one in found] == list(world.queue.lanes)
    return next(one for one in found if one.lane.name == lane)


async def test_a_lane_without_jobs_has_nothing_to_do(world: QueueWorld) -> None:
    await world.add(world.job_type("t", lane="email"))
    lane = world.queue.lanes["llm"]
    assert await load_of(world, "llm") == LaneLoad(lane=lane, paused=False, running=0)


async def test_jobs_are_counted_by_what_they_wait_for(world: QueueWorld) -> None:
    kind = world.job_type("t", lane="llm")
    start = world.clock.now()

    async def fail(_job: Any) -> None:
        raise TransientError("later", retry_after=timedelta(minutes=9))

    world.behaviour = fail
    await world.add(kind)
    await world.run_all()
    await world.add(kind, user_id="ada")
    assert await world.claim() is not None
    for user in ("bo", "cem", "cem", None, None, None):
        await world.add(kind, user_id=user)
        world.clock.advance(MINUTE)
    for hours in (2, 3):
        await world.add(kind, scheduled_for=start + timedelta(hours=hours))
    load = await load_of(world, "llm")
    assert (load.running, load.paused) == (1, False)
    assert (load.waiting, load.oldest_due) == (6, to_text(start))
    assert (load.busiest_user, load.busiest_user_waiting) == ("cem", 2)
    assert (load.scheduled, load.next_due) == (2, to_text(start + timedelta(hours=2)))
    assert (load.in_retry, load.next_retry) == (1, to_text(start + timedelta(minutes=9)))


@pytest.mark.parametrize(
    ("kind", "name", "shut"),
    [("lane", "llm", True), ("lane", "email", False), ("type", "llm", False), ("all", "", True)],
)
async def test_a_lane_is_paused_by_itself_or_with_all(
    world: QueueWorld, kind: pause_store.Kind, name: str, shut: bool
) -> None:
    now = world.clock.now()
    await world.db.write(lambda tx: pause_store.pause(tx, kind, name, "me", now))
    assert (await load_of(world, "llm")).paused is shut


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [
        (0, 2.0),
        (59, 2 * 60 / 119),
        (60, 2.0),
        (120, 1.0),
        (150, 2 * 60 / 150),
        (540, 2 / 9),
        (600, 0.2),
        (660, 0.0),
    ],
)
async def test_the_rate_is_that_of_ten_minutes_or_since_something_has_waited(
    world: QueueWorld, seconds: int, rate: float
) -> None:
    kind = world.job_type("t", lane="llm")
    for _ in range(3):
        await world.add(kind)
    for _ in range(2):
        await world.run_one()
    world.clock.advance(timedelta(seconds=seconds))
    assert (await load_of(world, "llm")).ended_per_minute == pytest.approx(rate)


async def test_without_anything_that_waits_the_rate_is_that_of_ten_minutes(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t", lane="llm")
    for _ in range(2):
        await world.add(kind)
    await world.run_all()
    world.clock.advance(10 * MINUTE)
    assert (await load_of(world, "llm")).ended_per_minute == 0.2
    world.clock.advance(MINUTE)
    assert (await load_of(world, "llm")).ended_per_minute == 0.0


@pytest.mark.parametrize(
    ("waiting", "rate", "most", "paused", "seconds"),
    [
        (0, 0.0, None, True, 0),
        (3, 2.0, None, False, 90),
        (3, 2.0, None, True, None),
        (3, 2.0, 1, False, 180),
        (3, 2.0, 9, False, 90),
        (3, 0.0, None, False, None),
    ],
)
def test_a_lane_is_clear_when_what_waits_has_run_at_its_rate(
    waiting: int, rate: float, most: int | None, paused: bool, seconds: int | None
) -> None:
    lane = Lane.of("llm", 4, per_minute=most)
    load = LaneLoad(lane=lane, paused=paused, running=1, waiting=waiting, ended_per_minute=rate)
    assert load.clear_in_seconds == seconds
