"""Enqueueing, deduplication and the order of claims (docs/spec.md#claim-order)."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.clock import from_text
from buildos_box.errors import BoxError
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.pause_store import Kind
from tests.jobs.conftest import QueueWorld, Work, open_queue


async def test_a_job_and_its_domain_change_commit_together_or_not_at_all(world: QueueWorld) -> None:
    kind = world.job_type("t")

    def change_and_fail(tx: object) -> None:
        world.queue.enqueue(tx, kind, Work(), user_id=None)  # type: ignore[arg-type]
        raise BoxError("the domain change failed")

    with pytest.raises(BoxError):
        await world.db.write(change_and_fail)
    assert await world.claim() is None


async def test_due_jobs_run_by_priority_then_due_time_then_age(world: QueueWorld) -> None:
    kind = world.job_type("t")
    now = world.clock.now()
    await world.add(kind, "later", scheduled_for=now - timedelta(minutes=1))
    await world.add(kind, "earlier", scheduled_for=now - timedelta(minutes=2))
    await world.add(kind, "same age, added last", scheduled_for=now - timedelta(minutes=1))
    await world.add(kind, "urgent", priority=1)
    await world.run_all()
    assert world.ran == ["urgent", "earlier", "later", "same age, added last"]


async def test_a_job_is_not_claimed_before_it_is_due(world: QueueWorld) -> None:
    kind = world.job_type("t")
    await world.add(kind, scheduled_for=world.clock.now() + timedelta(seconds=10))
    assert await world.claim() is None
    world.clock.advance(timedelta(seconds=10))
    assert await world.claim() is not None


async def test_a_live_key_answers_with_the_job_that_has_it(world: QueueWorld) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    first = await world.add(kind, key="k")
    assert await world.add(kind, key="k") == first
    await world.run_all()
    assert await world.add(kind, key="k") != first


async def test_a_more_urgent_request_brings_the_waiting_job_forward(world: QueueWorld) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    later = world.clock.now() + timedelta(hours=1)
    job = await world.add(kind, "first", key="k", scheduled_for=later, priority=10)
    await world.add(kind, "second", key="k", priority=1, extra="more")
    row = await world.job(job)
    assert row["priority"] == 1
    assert msgspec.json.decode(row["metadata"]) == {"name": "first", "key": "k", "extra": "more"}
    assert await world.claim() is not None


async def test_a_request_that_is_sooner_but_less_urgent_keeps_the_urgency(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    later = world.clock.now() + timedelta(hours=1)
    job = await world.add(kind, key="k", scheduled_for=later, priority=3)
    await world.add(kind, key="k", priority=9)
    row = await world.job(job)
    assert (row["priority"], from_text(row["scheduled_for"])) == (3, world.clock.now())


async def test_a_request_that_is_more_urgent_but_later_keeps_the_time(world: QueueWorld) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    soon, later = (world.clock.now() + timedelta(hours=hours) for hours in (1, 2))
    job = await world.add(kind, key="k", scheduled_for=soon, priority=5)
    await world.add(kind, key="k", scheduled_for=later, priority=2)
    row = await world.job(job)
    assert (row["priority"], from_text(row["scheduled_for"])) == (2, soon)


async def test_a_less_urgent_request_changes_nothing(world: QueueWorld) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    job = await world.add(kind, key="k", priority=1)
    before = tuple(await world.job(job))
    await world.add(kind, key="k", priority=9, scheduled_for=world.clock.now() + timedelta(hours=2))
    assert tuple(await world.job(job)) == before


async def test_a_lane_takes_no_more_than_its_limit(world: QueueWorld) -> None:
    kind = world.job_type("t", lane="email")
    for user in ("a", "b", "c"):
        await world.add(kind, user_id=user)
    assert [bool(await world.claim()) for _ in range(3)] == [True, True, False]


async def test_a_full_lane_never_blocks_another(world: QueueWorld) -> None:
    """Head-of-line blocking: every idle lane keeps a worker in reserve."""
    world.workers = 3
    slow, fast = world.job_type("slow", lane="default"), world.job_type("fast", lane="email")
    for _ in range(5):
        await world.add(slow, priority=1)
    claimed = [await world.claim() for _ in range(3)]
    assert [c.job_type for c in claimed if c] == ["slow"]
    await world.add(fast)
    after = await world.claim()
    assert after is not None
    assert after.job_type == "fast"


async def test_one_user_holds_only_their_share_while_others_wait(world: QueueWorld) -> None:
    kind = world.job_type("t", lane="llm")
    for _ in range(10):
        await world.add(kind, user_id="greedy", priority=1)
    await world.add(kind, user_id="patient", priority=9)
    users = [(await world.claim()).user_id for _ in range(4)]  # type: ignore[union-attr]
    assert users == ["greedy", "greedy", "patient", "greedy"]


@pytest.mark.parametrize("at_once", [1, 6])
async def test_two_users_at_their_share_let_a_third_go_first(
    world: QueueWorld, at_once: int
) -> None:
    world.queue.lanes["llm"] = Lane.of("llm", 6, per_user=2)
    kind = world.job_type("t", lane="llm")
    for user in ("greedy", "greedier"):
        for _ in range(4):
            await world.add(kind, user_id=user, priority=1)
    await world.add(kind, user_id="patient", priority=9)
    claimed = [job for _ in range(6 // at_once) for job in await world.claim_many(at_once)]
    assert [job.user_id for job in claimed] == [
        "greedy",
        "greedy",
        "greedier",
        "greedier",
        "patient",
        "greedy",
    ]


async def test_a_job_that_overtook_one_of_a_user_at_their_share_is_claimed_once(
    world: QueueWorld,
) -> None:
    world.queue.lanes["llm"] = Lane.of("llm", 6, per_user=1)
    kind = world.job_type("t", lane="llm")
    for user in ("greedy", "greedy", "patient"):
        await world.add(kind, user_id=user)
    claimed = await world.claim_many(6)
    assert [job.user_id for job in claimed] == ["greedy", "patient", "greedy"]


@pytest.mark.parametrize(("kind", "name"), [("lane", "default"), ("type", "t"), ("all", "all")])
async def test_what_is_paused_is_not_claimed_until_it_is_resumed(
    world: QueueWorld, kind: Kind, name: str
) -> None:
    await world.add(world.job_type("t"))
    await world.db.write(lambda tx: world.queue.pause(tx, kind, name, actor="me"))
    assert await world.claim() is None
    await world.db.write(lambda tx: world.queue.resume(tx, kind, name))
    assert await world.claim() is not None


async def test_pausing_a_type_leaves_the_rest_of_its_lane_running(world: QueueWorld) -> None:
    paused, other = world.job_type("paused"), world.job_type("other")
    await world.add(paused, "paused", priority=1)
    await world.add(other, "other")
    await world.db.write(lambda tx: world.queue.pause(tx, "type", "paused", actor="me"))
    await world.run_all()
    assert world.ran == ["other"]


async def test_a_lane_starts_no_more_in_a_minute_than_its_rate(world: QueueWorld) -> None:
    world.queue.lanes["default"] = Lane.of("default", 8, per_minute=2)
    kind = world.job_type("t")
    for _ in range(5):
        await world.add(kind)
    await world.run_all()
    assert len(world.ran) == 2
    world.clock.advance(timedelta(seconds=59))
    await world.run_all()
    assert len(world.ran) == 2
    world.clock.advance(timedelta(seconds=1))
    await world.run_all()
    assert len(world.ran) == 4


async def test_each_start_counts_against_the_rate_for_a_minute_of_its_own(
    world: QueueWorld,
) -> None:
    world.queue.lanes["default"] = Lane.of("default", 8, per_minute=2)
    kind = world.job_type("t")
    begun = world.clock.now()
    for _ in range(5):
        await world.add(kind)
    ran = {}
    for second in (0, 20, 40, 59, 60, 79, 80):
        world.clock.set(begun + timedelta(seconds=second))
        await (world.run_one() if second == 0 else world.run_all())
        ran[second] = len(world.ran)
    assert ran == {0: 1, 20: 2, 40: 2, 59: 2, 60: 3, 79: 3, 80: 4}


async def test_a_lane_at_its_rate_says_when_its_oldest_start_is_a_minute_ago(
    world: QueueWorld,
) -> None:
    world.queue.lanes["default"] = Lane.of("default", 8, per_minute=2)
    kind = world.job_type("t")
    begun = world.clock.now()
    for _ in range(3):
        await world.add(kind)
    await world.run_one()
    world.clock.advance(timedelta(seconds=20))
    await world.run_one()
    claims = await world.db.write(world.claim_one)
    assert (claims.jobs, claims.next_due) == ([], begun + timedelta(minutes=1))


async def test_a_waiting_job_can_be_promoted(world: QueueWorld) -> None:
    kind = world.job_type("t")
    job = await world.add(kind, scheduled_for=world.clock.now() + timedelta(days=1), priority=9)
    await world.db.write(lambda tx: world.queue.promote(tx, job, actor="me"))
    row = await world.job(job)
    assert (row["priority"], row["ready"]) == (1, 1)


async def test_many_jobs_go_in_with_one_transaction(world: QueueWorld) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    payloads = [Work(name=str(n), key=str(n % 3)) for n in range(5)]
    before = world.db.commits
    added = await world.db.write(
        lambda tx: [world.queue.enqueue(tx, kind, p, user_id=None) for p in payloads]
    )
    assert world.db.commits == before + 1
    assert [e.deduplicated for e in added] == [False, False, False, True, True]


async def test_a_job_past_its_expiry_is_cancelled_not_run(world: QueueWorld) -> None:
    end = world.clock.now() + timedelta(minutes=5)
    job = await world.add(world.job_type("t", expires_at=lambda p: end))
    world.clock.advance(timedelta(minutes=6))
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["cancel_reason"], world.ran) == ("cancelled", "expired", [])


@given(
    jobs=st.lists(
        st.tuples(
            st.sampled_from(["default", "llm", "email"]),
            st.sampled_from(["ada", "bob", None]),
            st.integers(1, 3),
        ),
        max_size=14,
    ),
    workers=st.integers(1, 6),
)
@settings(max_examples=30)
def test_claiming_many_at_once_takes_what_claiming_one_by_one_would(
    jobs: list[tuple[str, str | None, int]], workers: int
) -> None:
    async def claimed(at_most: int) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            async with open_queue(Path(folder)) as world:
                world.workers = workers
                types = {lane: world.job_type(lane, lane=lane) for lane in world.queue.lanes}
                for number, (lane, user, priority) in enumerate(jobs):
                    await world.add(types[lane], str(number), user_id=user, priority=priority)
                found: list[str] = []
                while batch := await world.claim_many(at_most):
                    found += [claim.metadata for claim in batch]
                return found

    assert asyncio.run(claimed(100)) == asyncio.run(claimed(1))
