"""Jobs whose worker dies: who runs again when, and who is failed (docs/spec.md#lost-workers)."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.clock import to_text
from buildos_box.jobs import bulk, job_query_store
from buildos_box.jobs.bulk import BulkFilter, BulkRequest
from buildos_box.jobs.rescuer import MOST_LOSSES_AS_SUSPECT, GiveUp, RunAgainAt, decide
from buildos_box.jobs.why import explain
from tests.clock import ManualClock
from tests.jobs.conftest import QueueWorld, open_queue

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


async def crash(world: QueueWorld) -> None:
    """The process dies with all that it runs, and another one starts."""
    await world.recover(all_leases=True)


async def why(world: QueueWorld, job: str) -> str:
    row = await world.job(job)
    found = await world.db.write(
        lambda tx: explain(tx, row, world.queue.lanes, world.workers, world.clock.now())
    )
    return found.why


def test_pauses_grow_with_the_losses() -> None:
    now = ManualClock().now()
    waits = []
    for losses in range(1, 8):
        decision = decide(losses=losses, losses_as_suspect=0, now=now, base=SECOND)
        assert isinstance(decision, RunAgainAt)
        waits.append((decision.at - now).total_seconds())
    assert waits == [0, 5, 60, 300, 900, 900, 900]


def test_only_losses_as_the_one_suspect_count_against_a_job() -> None:
    now = ManualClock().now()
    assert isinstance(decide(losses=99, losses_as_suspect=4, now=now, base=SECOND), RunAgainAt)
    assert isinstance(decide(losses=7, losses_as_suspect=5, now=now, base=SECOND), GiveUp)


async def test_a_loss_uses_up_no_attempt(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t", max_attempts=1))
    for _ in range(4):
        assert await world.claim() is not None
        await crash(world)
        world.clock.advance(HOUR)
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["attempts"]) == ("completed", 1)
    assert await world.attempts(job) == ["lost"] * 4 + ["completed"]


async def test_a_job_lost_once_runs_again_at_once_and_one_lost_twice_waits(
    world: QueueWorld,
) -> None:
    job = await world.add(world.job_type("t"))
    await world.claim()
    await crash(world)
    assert await world.claim() is not None
    await crash(world)
    assert await world.claim() is None
    assert "runs again at" in await why(world, job)
    world.clock.advance(5 * SECOND)
    assert await world.claim() is not None


async def test_of_two_suspects_one_runs_and_others_go_on(world: QueueWorld) -> None:
    kind = world.job_type("t")
    first, second = await world.add(kind, "first"), await world.add(kind, "second")
    for _ in range(2):
        assert len(await world.claim_many(2)) == 2
        await crash(world)
    world.clock.advance(HOUR)
    other = await world.add(kind, "other")
    running = await world.claim_many(16)
    assert {job.job_id for job in running} == {first, other}
    said = await why(world, second)
    assert "its worker stopped 2 times" in said
    assert first in said
    for job in running:
        await world.runner.run(job, None)
    await world.settle()
    (claimed,) = await world.claim_many(16)
    assert claimed.job_id == second


async def test_suspects_of_two_lanes_do_not_run_together(world: QueueWorld) -> None:
    await world.add(world.job_type("a", lane="llm"))
    await world.add(world.job_type("b", lane="default"))
    for _ in range(2):
        assert len(await world.claim_many(2)) == 2
        await crash(world)
    world.clock.advance(HOUR)
    assert len(await world.claim_many(16)) == 1


async def test_a_suspect_of_another_user_is_not_forgotten_for_a_user_at_their_share(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t", lane="default")  # eight slots, four for a user
    suspects = [await world.add(kind, user_id=name) for name in ("ben", "cem")]
    for _ in range(2):
        assert len(await world.claim_many(2)) == 2
        await crash(world)
    world.clock.advance(HOUR)
    for _ in range(20):
        await world.add(kind, user_id="ada")
    running = await world.claim_many(16)
    assert [job.job_id for job in running if job.user_id != "ada"] == suspects[:1]
    for job in running:
        if job.user_id == "ben":
            await world.runner.run(job, None)
    await world.settle()
    assert suspects[1] in [job.job_id for job in await world.claim_many(16)]


async def test_a_suspects_pause_begins_anew_when_the_process_starts(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    for _ in range(2):
        assert await world.claim() is not None
        await crash(world)
    for _ in range(20):  # it is stopped again and again before the pause of 5 s is over
        world.clock.advance(4 * SECOND)
        assert await world.claim() is None
        await crash(world)
    assert (await world.job(job))["losses"] == 2
    world.clock.advance(5 * SECOND)
    assert await world.claim() is not None


async def test_a_later_time_of_a_suspect_stays_when_the_process_starts(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    for _ in range(2):
        await world.claim()
        await crash(world)
    later = to_text(world.clock.now() + HOUR)
    await world.db.write(
        lambda tx: tx.execute("UPDATE queue_jobs SET scheduled_for = ?, ready = 0", (later,))
    )
    await crash(world)
    assert (await world.job(job))["scheduled_for"] == later


async def test_the_fifth_loss_as_the_one_suspect_fails_the_job_and_each_is_on_record(
    world: QueueWorld,
) -> None:
    job = await world.add(world.job_type("t"))
    for _ in range(7):
        assert await world.claim() is not None
        await crash(world)
        world.clock.advance(HOUR)
    row = await world.job(job)
    assert (row["status"], row["error_code"]) == ("failed", "worker_lost")
    assert await world.attempts(job) == ["lost"] * 7
    reasons = [event["reason"] for event in await job_query_store.events_of(world.db, row["id"])]
    losses = [reason for reason in reasons if reason.startswith("worker_lost")]
    assert len(losses) == 7
    assert "loss 7, 5 as the one suspect" in losses[-1]
    assert "worker_lost" in await why(world, job)


async def test_a_loss_is_on_record_with_when_the_job_runs_again_and_where_it_stood(
    world: QueueWorld,
) -> None:
    job = await world.add(world.job_type("t"))
    row_id = (await world.job(job))["id"]
    said = []
    for _ in range(7):
        assert await world.claim() is not None
        await crash(world)
        event = (await job_query_store.events_of(world.db, row_id))[-1]
        said.append((event["to_status"], event["reason"], event["actor"]))
        world.clock.advance(HOUR)
    assert said[0] == ("pending", "worker_lost: loss 1", "system")
    assert said[1] == (
        "pending", "worker_lost: loss 2; again at 2024-10-23T09:00:05.000Z", "system",
    )  # fmt: skip
    assert said[2][1].startswith("worker_lost: loss 3, 1 as the one suspect; again at ")
    assert said[6][:2] == (
        "failed",
        "worker_lost: its worker stopped without a result (loss 7, 5 as the one suspect)",
    )
    row = await world.job(job)
    assert (row["error_kind"], row["error"]) == (
        "lost", "its worker stopped without a result (loss 7, 5 as the one suspect)",
    )  # fmt: skip
    stacks = [one["stack"] for one in await job_query_store.attempts_of(world.db, row_id)]
    assert len(stacks) == 7
    assert all("run_work" in stack for stack in stacks)


async def test_all_that_ended_so_are_retried_by_one_request_and_count_from_zero(
    world: QueueWorld,
) -> None:
    lost = await world.add(world.job_type("t"))
    for _ in range(7):
        await world.claim()
        await crash(world)
        world.clock.advance(HOUR)
    request = BulkRequest(action="retry", filter=BulkFilter(errors=["worker_lost"]))
    report = await bulk.run_bulk(world.db, world.queue, request, actor="ada")
    assert (report.matched, report.done) == (1, 1)
    row = await world.job(lost)
    assert (row["status"], row["losses"], row["losses_as_suspect"]) == ("pending", 0, 0)
    await world.run_all()
    assert await world.status(lost) == "completed"


@settings(max_examples=40)
@given(
    innocents=st.integers(1, 12),
    killers=st.integers(0, 2),
    dies=st.lists(st.booleans(), max_size=2 + MOST_LOSSES_AS_SUSPECT - 1),
    batch=st.integers(1, 16),
)
def test_only_jobs_that_stop_their_worker_are_failed(
    innocents: int, killers: int, dies: list[bool], batch: int
) -> None:
    """Workers are stopped by their jobs and, where `dies` says so, from outside.

    A killer stops its worker twice before it is a suspect, beside whichever suspect runs, so that
    this many stops fewer from outside are an innocent's to bear.
    """
    dies = dies[2 * killers :]
    asyncio.run(_crash_loop(innocents, killers, dies, batch))


async def _crash_loop(innocents: int, killers: int, dies: list[bool], batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_queue(Path(folder)) as world:
            kind, killer = world.job_type("innocent"), world.job_type("killer", lane="llm")
            good = [await world.add(kind) for _ in range(innocents)]
            bad = [await world.add(killer) for _ in range(killers)]
            deaths = list(dies)
            for _ in range(300):
                running = await world.claim_many(batch)
                suspects = [job for job in running if (await world.job(job.job_id))["losses"] >= 2]
                assert len(suspects) <= 1
                if any(job.job_type == "killer" for job in running) or (deaths and deaths.pop()):
                    await crash(world)
                    world.clock.advance(HOUR)
                    continue
                for job in running:
                    await world.runner.run(job, None)
                await world.settle()
                if not running and not await _waiting(world):
                    break
                world.clock.advance(HOUR)
            assert {await world.status(job) for job in good} == {"completed"}
            assert all([await world.status(job) == "failed" for job in bad])
            for fatal in bad:
                assert (await world.job(fatal))["losses_as_suspect"] == 5


async def _waiting(world: QueueWorld) -> bool:
    row = await world.db.one("SELECT 1 FROM queue_jobs WHERE completed_at IS NULL")
    return row is not None
