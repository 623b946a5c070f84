"""Requests that meet a live job: merged, or run once more (docs/spec.md#rerun-wanted)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from buildos_box.clock import Instant, from_text
from buildos_box.errors import IllegalTransition, PermanentError
from buildos_box.jobs import bulk
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.bulk import BulkFilter, BulkRequest
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.why import explain
from tests.jobs.conftest import QueueWorld, Work

HOUR = timedelta(hours=1)


def keyed(world: QueueWorld, **options: Any) -> JobType[Work]:
    return world.job_type("t", dedup_key=lambda p: p.key, **options)


async def request_while_running(world: QueueWorld, kind: JobType[Work]) -> list[str]:
    """Run a job that is requested again during its first run; returns what each run saw."""
    seen: list[str] = []

    async def behave(job: Attempt[Work]) -> str:
        if not seen:
            await world.add(kind, "second", key="k", extra="more")
        seen.append(f"{job.payload.name} {job.payload.extra} attempt {job.claimed.number}")
        await job.save_step("part", "done")
        return f"run {len(seen)}"

    world.behaviour = behave
    job = await world.add(kind, "first", key="k")
    await world.run_all()
    row = await world.job(job)
    assert row["status"] == "completed"
    assert row["result"] == f'"run {len(seen)}"'
    return seen


async def test_a_job_requested_again_while_it_runs_runs_once_more(world: QueueWorld) -> None:
    assert await request_while_running(world, keyed(world)) == [
        "first None attempt 1", "first more attempt 1",
    ]  # fmt: skip


async def test_its_audit_trail_says_so(world: QueueWorld) -> None:
    await request_while_running(world, keyed(world))
    rows = await world.db.all("SELECT from_status, to_status, reason FROM job_events ORDER BY id")
    assert ("processing", "pending", "requested again while it ran") in [tuple(r) for r in rows]


async def test_a_type_may_decline_to_run_once_more(world: QueueWorld) -> None:
    assert len(await request_while_running(world, keyed(world, rerun_when_joined=False))) == 1


async def test_the_second_run_does_not_reuse_what_the_first_has_saved(world: QueueWorld) -> None:
    kind, saved = keyed(world), []

    async def behave(job: Attempt[Work]) -> None:
        saved.append(job.saved_step("part"))
        if len(saved) == 1:
            await world.add(kind, key="k")
        await job.save_step("part", "old")

    world.behaviour = behave
    await world.add(kind, key="k")
    await world.run_all()
    assert saved == [None, None]


async def test_a_job_that_fails_after_it_was_requested_again_runs_once_more(
    world: QueueWorld,
) -> None:
    kind, runs = keyed(world), []

    async def behave(_job: Attempt[Work]) -> None:
        runs.append(1)
        if len(runs) == 1:
            await world.add(kind, key="k")
            raise PermanentError("not there yet")

    world.behaviour = behave
    job = await world.add(kind, key="k")
    await world.run_all()
    assert (await world.status(job), len(runs)) == ("completed", 2)
    assert await world.attempts(job) == ["failed", "completed"]


async def test_a_running_job_says_that_it_will_run_once_more(world: QueueWorld) -> None:
    kind = keyed(world)
    job = await world.add(kind, key="k")
    await world.claim()
    await world.add(kind, key="k")
    row = await world.job(job)
    found = await world.db.write(
        lambda tx: explain(tx, row, world.queue.lanes, world.workers, world.clock.now())
    )
    assert "runs once more" in found.why


class Options(msgspec.Struct, frozen=True, omit_defaults=True):
    only: list[str] | None = None
    without: list[str] | None = None


class Nested(Payload, frozen=True):
    key: str
    options: Options = msgspec.field(default_factory=Options)
    by_name: bool = False


def _expires(payload: Nested) -> Instant | None:
    return None if payload.by_name else from_text("2024-10-24T00:00:00Z")


async def _do_nothing(_job: Attempt[Nested], _services: Any) -> None:
    pass


async def test_a_request_adds_what_a_waiting_job_lacks_also_within_objects(
    world: QueueWorld,
) -> None:
    kind = JobType(
        name="n", payload=Nested, run=_do_nothing, dedup_key=lambda p: p.key, expires_at=_expires
    )
    world.queue.register([kind])

    async def ask(payload: Nested) -> str:
        enqueued = await world.db.write(
            lambda tx: world.queue.enqueue(tx, kind, payload, user_id="ada")
        )
        return enqueued.job_id

    job = await ask(Nested(key="k", options=Options(only=["a"])))
    assert (await world.job(job))["expires_at"] is not None
    await ask(Nested(key="k", options=Options(only=["b"], without=["c"]), by_name=True))
    row = await world.job(job)
    stored = msgspec.json.decode(row["metadata"])
    assert stored["options"] == {"only": ["a"], "without": ["c"]}
    assert row["expires_at"] is None  # asked for by name, it may run after its day


async def cancel(world: QueueWorld, job: str) -> None:
    await world.db.write(lambda tx: world.queue.cancel(tx, job, reason="no", actor="ada"))


async def test_a_job_whose_time_is_over_is_not_retried(world: QueueWorld) -> None:
    end = world.clock.now() + HOUR
    kind = world.job_type("t", expires_at=lambda _p: end)
    job = await world.add(kind)
    await cancel(world, job)
    world.clock.advance(2 * HOUR)
    with pytest.raises(IllegalTransition, match="expired at"):
        await world.db.write(lambda tx: world.queue.retry(tx, job, actor="ada"))


async def test_a_dry_run_counts_what_the_retry_then_does_and_the_newest_twin_is_revived(
    world: QueueWorld,
) -> None:
    end = world.clock.now() + HOUR
    kind = keyed(world)
    twins = []
    for _ in range(5):
        twins.append(await world.add(kind, key="k"))
        await world.db.write(
            lambda tx: world.queue.cancel_by_key(tx, "k", reason="no", actor="ada")
        )
    over = await world.add(world.job_type("over", expires_at=lambda _p: end))
    alone = await world.add(world.job_type("alone"))
    for job in (over, alone):
        await cancel(world, job)
    world.clock.advance(2 * HOUR)
    request = BulkRequest(action="retry", filter=BulkFilter(statuses=["cancelled"]))
    dry = await bulk.run_bulk(
        world.db, world.queue, msgspec.structs.replace(request, dry_run=True), actor="ada"
    )
    real = await bulk.run_bulk(world.db, world.queue, request, actor="ada")
    assert (dry.matched, dry.done) == (real.matched, real.done) == (7, 2)
    assert await world.status(twins[-1]) == "pending"
    by_ids = BulkRequest(action="retry", ids=[*twins, "job-unknown"], dry_run=True)
    assert (await bulk.run_bulk(world.db, world.queue, by_ids, actor="ada")).done == 0


async def test_an_archived_job_says_that_it_cannot_be_retried(world: QueueWorld) -> None:
    await world.db.write(
        lambda tx: tx.execute(
            """INSERT INTO queue_jobs_archive VALUES
               ('job-old', NULL, 't', 'failed', '2024-01-01', '2024-01-01', '2024-01-09',
                '{}', '[]', '[]')"""
        )
    )
    with pytest.raises(IllegalTransition, match="archived"):
        await world.db.write(lambda tx: world.queue.retry(tx, "job-old", actor="ada"))


async def test_why_counts_of_another_user_only_what_fits_into_their_share(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t", lane="llm")  # four slots, two for a user
    for _ in range(10):
        await world.add(kind, user_id="ada")
    bens = await world.add(kind, user_id="ben")
    running = await world.claim_many(1)
    assert [job.user_id for job in running] == ["ada"]
    row = await world.job(bens)
    found = await world.db.write(
        lambda tx: explain(tx, row, world.queue.lanes, world.workers, world.clock.now())
    )
    assert "waits for 1 job ahead of it" in found.why
