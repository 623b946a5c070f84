"""Who is at their share goes on only while nobody else waits, though that is seldom looked up."""

import threading
from typing import Any

import pytest

from buildos_box.db import Tx
from buildos_box.errors import BoxError
from tests.jobs.conftest import QueueWorld


async def the_greedy(world: QueueWorld, jobs: int = 10) -> Any:
    """A user with all the work of a lane in which their share is two."""
    kind = world.job_type("t", lane="llm")
    for _ in range(jobs):
        await world.add(kind, user_id="greedy", priority=1)
    return kind


async def users(world: QueueWorld, claims: int) -> list[str | None]:
    found = [await world.claim() for _ in range(claims)]
    return [claimed.user_id for claimed in found if claimed is not None]


async def test_alone_one_user_takes_the_whole_lane(world: QueueWorld) -> None:
    await the_greedy(world)
    assert await users(world, 5) == ["greedy"] * 4
    assert world.others.are_none("llm", ["greedy"])


@pytest.mark.parametrize("newcomer", ["patient", None])
async def test_who_comes_later_is_next(world: QueueWorld, newcomer: str | None) -> None:
    kind = await the_greedy(world)
    assert await users(world, 3) == ["greedy"] * 3
    await world.add(kind, user_id="greedy", priority=1)
    await world.add(kind, user_id=newcomer, priority=9)
    assert [claimed.user_id for claimed in await world.claim_many(1)] == [newcomer]


async def test_a_job_that_falls_due_is_next(world: QueueWorld) -> None:
    kind = await the_greedy(world)
    due = world.clock.now().replace(year=2030)
    await world.add(kind, user_id="patient", scheduled_for=due, priority=9)
    assert await users(world, 3) == ["greedy"] * 3
    world.clock.set(due)
    assert await users(world, 1) == ["patient"]


async def test_what_a_claim_that_was_taken_back_has_seen_is_void(world: QueueWorld) -> None:
    """One commit: the other's job is cancelled, a claim finds nobody else, the cancel fails."""
    kind = await the_greedy(world)
    assert await users(world, 2) == ["greedy"] * 2
    waits = await world.add(kind, user_id="patient", priority=9)

    def cancel_and_fail(tx: Tx) -> None:
        world.queue.cancel(tx, waits, reason="no", actor="me")
        tx.after_commit(lambda: None)
        failures.append(1)
        if len(failures) > 1:
            raise BoxError("taken back when it runs by itself")

    def fail(_tx: Tx) -> None:
        raise BoxError("so that each runs by itself")

    failures: list[int] = []
    started, gate = threading.Event(), threading.Event()
    world.db.submit(lambda tx: (started.set(), gate.wait(5)))
    started.wait(5)
    world.db.submit(cancel_and_fail)
    claimed = world.db.submit(world.claim_one)
    world.db.submit(fail)
    gate.set()
    assert [one.user_id for one in claimed.result().jobs] == ["patient"]


async def test_news_in_the_commit_of_the_claim_counts(world: QueueWorld) -> None:
    kind = await the_greedy(world)
    assert await users(world, 2) == ["greedy"] * 2
    started, gate = threading.Event(), threading.Event()
    world.db.submit(lambda tx: (started.set(), gate.wait(5)))
    started.wait(5)
    first = world.db.submit(world.claim_one)
    news = world.db.submit(
        lambda tx: world.queue.enqueue(
            tx, kind, kind.payload(name="new"), user_id="patient", priority=9
        )
    )
    gate.set()
    assert [one.user_id for one in first.result().jobs] == ["greedy"]
    news.result()
    assert await users(world, 1) == ["patient"]
