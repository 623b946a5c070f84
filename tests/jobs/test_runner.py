"""What becomes of an attempt (docs/spec.md#retry-classes)."""

import asyncio
import gc
import re
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import from_text
from buildos_box.db import Tx
from buildos_box.errors import (
    IllegalTransition,
    LeaseLost,
    PermanentError,
    TransientError,
    Unavailable,
)
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.retry import Snooze
from tests.jobs.conftest import LEASE, QueueWorld, Work


def raising(error: BaseException) -> Any:
    async def behave(_job: Attempt[Work]) -> None:
        raise error

    return behave


async def test_a_finished_job_keeps_its_result_and_its_trail(world: QueueWorld) -> None:
    async def behave(job: Attempt[Work]) -> dict[str, int]:
        await job.progress(50, "Half way")
        return {"answer": 42}

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["result"], row["attempts"]) == ("completed", '{"answer":42}', 1)
    assert row["progress"] == '{"current":50,"total":100,"message":"Half way"}'
    assert await world.events(job) == [
        (None, "pending"),
        ("pending", "processing"),
        ("processing", "completed"),
    ]
    assert await world.attempts(job) == ["completed"]


async def test_transient_failures_are_retried_after_2_then_4_seconds(world: QueueWorld) -> None:
    world.behaviour = raising(TransientError("busy"))
    job = await world.add(world.job_type("t"))
    await world.run_one()
    row = await world.job(job)
    assert (row["status"], row["scheduled_for"]) == ("queued_for_retry", "2024-10-23T08:00:02.000Z")
    world.clock.advance(timedelta(seconds=2))
    await world.run_one()
    assert (await world.job(job))["scheduled_for"] == "2024-10-23T08:00:06.000Z"
    world.clock.advance(timedelta(seconds=4))
    await world.run_one()
    row = await world.job(job)
    assert (row["status"], row["attempts"], row["error"]) == ("failed", 3, "busy")
    assert await world.attempts(job) == ["retry", "retry", "failed"]
    assert ("queued_for_retry", "pending") in await world.events(job)


async def test_a_longer_retry_after_wins(world: QueueWorld) -> None:
    world.behaviour = raising(TransientError("busy", retry_after=timedelta(seconds=90)))
    job = await world.add(world.job_type("t"))
    await world.run_one()
    assert (await world.job(job))["scheduled_for"] == "2024-10-23T08:01:30.000Z"


async def test_permanent_failures_are_not_retried(world: QueueWorld) -> None:
    world.behaviour = raising(PermanentError("no such user", code="unknown_user"))
    job = await world.add(world.job_type("t"))
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["attempts"], row["error_code"]) == ("failed", 1, "unknown_user")


@pytest.mark.parametrize(
    "error", [RecursionError(), SystemExit(3), KeyboardInterrupt(), MemoryError()]
)
async def test_whatever_a_handler_raises_ends_only_its_job(
    world: QueueWorld, error: BaseException
) -> None:
    world.behaviour = raising(error)
    job = await world.add(world.job_type("t", max_attempts=1))
    await world.run_all()
    assert await world.status(job) == "failed"


async def test_malformed_metadata_fails_for_good(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    await world.db.write(
        lambda tx: tx.execute("""UPDATE queue_jobs SET metadata = '{"name": 7}'""")
    )
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["error_code"], world.ran) == ("failed", "malformed", [])


async def test_a_timed_out_attempt_is_stopped_and_says_where_it_stood(world: QueueWorld) -> None:
    stopped = asyncio.Event()

    async def behave(_job: Attempt[Work]) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.set()

    world.behaviour = behave
    job = await world.add(world.job_type("t", timeout=timedelta(milliseconds=50)))
    await world.run_one()
    row = await world.job(job)
    assert (row["status"], row["error_code"], stopped.is_set()) == (
        "queued_for_retry",
        "timed_out",
        True,
    )
    attempt = await world.db.one("SELECT * FROM job_attempts")
    assert attempt is not None
    assert attempt["outcome"] == "timed_out"
    assert re.search(r"behave\n.*sleep", attempt["stack"])
    lines = attempt["stack"].splitlines()
    assert not [line for line in lines if line.startswith("/")], "where the box is installed"


async def test_a_lost_attempt_keeps_where_it_last_stood(world: QueueWorld) -> None:
    async def behave(_job: Attempt[Work]) -> None:
        beating = asyncio.create_task(world.runner.beat())
        await asyncio.wait([beating])
        await world.recover(all_leases=True)

    world.behaviour = behave
    await world.add(world.job_type("t"))
    await world.run_one()
    attempt = await world.db.one("SELECT * FROM job_attempts")
    assert attempt is not None
    assert attempt["outcome"] == "lost"
    assert re.search(r"behave\n.*wait", attempt["stack"])


@pytest.mark.parametrize("write", ["progress", "save_step", "ensure_lease", "nothing"])
async def test_an_attempt_lost_before_its_first_heartbeat_keeps_where_it_stood(
    world: QueueWorld, write: str
) -> None:
    async def behave(job: Attempt[Work]) -> None:
        match write:
            case "progress":
                await job.progress(50, "half")
            case "save_step":
                await job.save_step("half", 1)
            case "ensure_lease":
                await world.db.write(job.ensure_lease)
        await world.recover(all_leases=True)

    world.behaviour = behave
    await world.add(world.job_type("t"))
    await world.run_one()
    (attempt,) = await world.db.all("SELECT * FROM job_attempts")
    assert attempt["outcome"] == "lost"
    if write == "nothing":
        assert re.fullmatch(r"tests/jobs/conftest\.py:\d+ \S+", attempt["stack"])
    else:
        assert re.search(r"behave(\n|$)", attempt["stack"])


async def test_cancelling_a_running_job_stops_its_work(world: QueueWorld) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    async def behave(_job: Attempt[Work]) -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.set()

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    running = asyncio.create_task(world.run_one())
    await started.wait()
    await world.db.write(lambda tx: world.queue.cancel(tx, job, reason="no more", actor="me"))
    await running
    row = await world.job(job)
    assert (row["status"], row["cancel_reason"], stopped.is_set()) == ("cancelled", "no more", True)
    assert await world.attempts(job) == ["cancelled"]


async def test_work_with_the_same_key_starts_only_when_its_predecessor_has_stopped(
    world: QueueWorld,
) -> None:
    order: list[str] = []
    started = asyncio.Event()

    async def behave(job: Attempt[Work]) -> None:
        if job.payload.name == "new":
            order.append("new starts")
            return
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            order.append("old has stopped")

    world.behaviour = behave
    kind = world.job_type("t", dedup_key=lambda p: "one")
    await world.add(kind, "old")
    old = asyncio.create_task(world.run_one())
    await started.wait()
    await world.db.write(
        lambda tx: (
            world.queue.cancel_by_key(tx, "one", reason="again", actor="me"),
            world.queue.enqueue(tx, kind, Work(name="new"), user_id=None),
        )
    )
    await asyncio.gather(old, world.run_one())
    assert order == ["old has stopped", "new starts"]


async def test_an_attempt_that_lost_its_lease_changes_nothing(world: QueueWorld) -> None:
    refused: list[str] = []

    async def refuses(what: str, write: Awaitable[Any]) -> None:
        try:
            await write
        except LeaseLost:
            refused.append(what)

    async def behave(job: Attempt[Work]) -> str:
        if len(world.ran) == 1:
            world.clock.advance(LEASE + timedelta(seconds=1))
            await world.recover()
            await refuses("progress", job.progress(90, "I am a zombie"))
            await refuses("step", job.save_step("costly", "a zombie's"))
            await refuses("lease", world.db.write(job.ensure_lease))
            await refuses("finish", world.db.write(lambda tx: job.finish(tx, "zombie")))
            return "zombie"
        return f"rightful, with {job.saved_step('costly')}"

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["result"], row["attempts"]) == (
        "completed",
        '"rightful, with None"',
        1,
    )
    assert await world.attempts(job) == ["lost", "completed"]
    assert refused == ["progress", "step", "lease", "finish"]


async def test_a_beating_attempt_is_never_run_twice(world: QueueWorld) -> None:
    """Long jobs were reclaimed after five minutes and ran twice at once."""

    async def behave(_job: Attempt[Work]) -> None:
        for _ in range(20):
            world.clock.advance(LEASE * 0.9)
            await world.runner.beat()
            await world.recover()
            assert await world.claim() is None

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert (await world.status(job), await world.attempts(job)) == ("completed", ["completed"])


async def test_a_snoozed_job_waits_without_an_attempt_counted(world: QueueWorld) -> None:
    until = world.clock.now() + timedelta(hours=3)
    world.behaviour = raising(Snooze(until, "quiet hours"))
    job = await world.add(world.job_type("t"))
    await world.run_one()
    row = await world.job(job)
    assert (row["status"], row["attempts"]) == ("pending", 0)
    assert await world.attempts(job) == ["snoozed"]
    assert await world.claim() is None


async def test_what_an_attempt_kept_is_there_for_the_next(world: QueueWorld) -> None:
    async def behave(job: Attempt[Work]) -> Any:
        if job.saved_step("costly") is None:
            await job.save_step("costly", {"paid": 1})
            raise TransientError("after paying")
        return job.saved_step("costly")

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_one()
    world.clock.advance(timedelta(seconds=3))
    await world.run_one()
    assert (await world.job(job))["result"] == '{"paid":1}'
    assert await world.db.all("SELECT * FROM job_steps") == []


async def test_a_job_can_complete_in_the_transaction_of_its_work(world: QueueWorld) -> None:
    async def behave(job: Attempt[Work]) -> None:
        await world.db.write(lambda tx: job.finish(tx, "done"))

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert await world.attempts(job) == ["completed"]
    assert (await world.job(job))["result"] == '"done"'


async def test_only_what_can_be_retried_is_retried(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    await world.run_all()
    with pytest.raises(IllegalTransition):
        await world.db.write(lambda tx: world.queue.retry(tx, job, actor="me"))
    with pytest.raises(IllegalTransition):
        await world.db.write(lambda tx: world.queue.cancel(tx, job, reason="x", actor="me"))


async def test_a_failed_job_can_be_run_again(world: QueueWorld) -> None:
    world.behaviour = raising(PermanentError("no"))
    job = await world.add(world.job_type("t"))
    await world.run_all()
    world.behaviour = None
    await world.db.write(lambda tx: world.queue.retry(tx, job, actor="me"))
    await world.run_all()
    row = await world.job(job)
    assert (row["status"], row["error"]) == ("completed", None)


async def test_progress_touches_nothing_but_progress(world: QueueWorld) -> None:
    """Progress was a read-modify-write of all metadata, and lost what came between."""

    async def behave(job: Attempt[Work]) -> None:
        await world.db.write(
            lambda tx: tx.execute("""UPDATE queue_jobs SET metadata = '{"name":"changed"}'""")
        )
        await job.progress(10, "On the way")

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    assert (await world.job(job))["metadata"] == '{"name":"changed"}'


async def test_progress_that_is_noted_is_stored_with_the_next_write(world: QueueWorld) -> None:
    stored: list[Any] = []

    async def behave(job: Attempt[Work]) -> None:
        job.note_progress(10, "Quick")
        stored.append((await world.job(job.job_id))["progress"])
        await job.save_step("part", 1)
        stored.append((await world.job(job.job_id))["progress"])
        job.note_progress(20, "Done in a moment")
        await world.db.write(job.ensure_lease)
        stored.append((await world.job(job.job_id))["progress"])

    world.behaviour = behave
    await world.add(world.job_type("t"))
    await world.run_all()
    assert stored == [
        None,
        '{"current":10,"total":100,"message":"Quick"}',
        '{"current":20,"total":100,"message":"Done in a moment"}',
    ]


@pytest.mark.parametrize("way", ["snoozed", "drained", "retried by hand"])
async def test_what_was_kept_is_there_again_though_the_attempt_did_not_count(
    world: QueueWorld, way: str
) -> None:
    seen: list[Any] = []

    async def behave(job: Attempt[Work]) -> None:
        seen.append(job.saved_step("paid"))
        await job.save_step("paid", 1)
        if len(seen) > 1:
            return
        if way == "snoozed":
            raise Snooze(world.clock.now(), "later")
        if way == "retried by hand":
            raise PermanentError("no")
        world.runner.stop_all("draining")
        await asyncio.sleep(5)

    world.behaviour = behave
    job = await world.add(world.job_type("t"))
    await world.run_all()
    if way == "retried by hand":
        await world.db.write(lambda tx: world.queue.retry(tx, job, actor="ada"))
        await world.run_all()
    assert seen == [None, 1]


async def test_a_job_cancelled_between_its_claim_and_its_start_never_starts(
    world: QueueWorld,
) -> None:
    job = await world.add(world.job_type("t"))
    claimed = await world.claim()
    await world.db.write(lambda tx: world.queue.cancel(tx, job, reason="x", actor="ada"))
    await asyncio.sleep(0.05)
    assert claimed is not None
    await world.runner.run(claimed, None)
    assert world.ran == []


async def _run_next(world: QueueWorld) -> None:
    claimed = await world.claim()
    assert claimed is not None
    await world.runner.run(claimed, None)


async def test_work_made_anew_twice_while_the_first_stops_slowly_runs_once_at_a_time(
    world: QueueWorld,
) -> None:
    at_once, most = 0, 0
    job_type = world.job_type("t", dedup_key=lambda payload: payload.key)

    async def behave(job: Attempt[Work]) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.sleep(0.3)
        finally:
            if job.payload.name == "first":
                await asyncio.sleep(0.3)  # it closes its connection
            at_once -= 1

    world.behaviour = behave
    await world.add(job_type, "first", key="k")
    runs = [asyncio.create_task(_run_next(world))]
    await asyncio.sleep(0.05)
    for name in ("second", "third"):

        def anew(tx: Tx, name: str = name) -> None:
            world.queue.cancel_by_key(tx, "k", reason="regenerated", actor="ada")
            world.queue.enqueue(tx, job_type, Work(name=name, key="k"), user_id=None)

        await world.db.write(anew)
        runs.append(asyncio.create_task(_run_next(world)))
        await asyncio.sleep(0.02)
    await asyncio.gather(*runs)
    assert (most, world.ran) == (1, ["first", "third"])


async def test_a_job_that_is_run_again_by_hand_has_all_its_attempts_again(
    world: QueueWorld,
) -> None:
    world.behaviour = raising(TransientError("no"))
    job = await world.add(world.job_type("t"))

    async def run_till_it_fails() -> None:
        while await world.status(job) != "failed":
            await world.run_all()
            world.clock.advance(timedelta(seconds=5))

    await run_till_it_fails()
    await world.db.write(lambda tx: world.queue.retry(tx, job, actor="me"))
    assert (await world.job(job))["attempts"] == 0
    await run_till_it_fails()
    assert await world.attempts(job) == ["retry", "retry", "failed"] * 2


async def test_a_cancel_that_is_rolled_back_stops_nothing(world: QueueWorld) -> None:
    stopped: list[int] = []
    world.queue.on_cancel(lambda row_id, _token: stopped.append(row_id))
    job = await world.add(world.job_type("t"))
    await world.claim()

    def cancel_and_fail(tx: Tx) -> None:
        world.queue.cancel(tx, job, reason="no more", actor="me")
        raise PermanentError("no")

    with pytest.raises(PermanentError):
        await world.db.write(cancel_and_fail)
    assert (stopped, await world.status(job)) == ([], "processing")
    await world.db.write(lambda tx: world.queue.cancel(tx, job, reason="no more", actor="me"))
    assert stopped == [(await world.job(job))["id"]]


async def test_no_job_waits_longer_than_an_hour_for_its_next_attempt(world: QueueWorld) -> None:
    world.behaviour = raising(TransientError("no"))
    job = await world.add(world.job_type("t", max_attempts=40))
    await world.db.write(lambda tx: tx.execute("UPDATE queue_jobs SET attempts = 30"))
    await world.run_one()
    row = await world.job(job)
    assert row["status"] == "queued_for_retry"
    assert from_text(row["scheduled_for"]) == world.clock.now() + timedelta(hours=1)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_attempts_that_end_after_the_database_was_closed_leave_no_error_behind(
    world: QueueWorld, cancelled: bool
) -> None:
    left: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: left.append(context))
    kind = world.job_type("t")
    for _ in range(3):
        await world.add(kind)
    claimed = await world.claim_many(3)
    closed = asyncio.Event()

    async def behave(_job: Attempt[Work]) -> None:
        await closed.wait()
        raise TransientError("stopped")

    world.behaviour = behave
    running = asyncio.create_task(world.runner.run_together(claimed, None))
    await asyncio.sleep(0.01)
    await world.db.close()
    closed.set()
    if cancelled:
        running.cancel()
    with pytest.raises(asyncio.CancelledError if cancelled else Unavailable):
        await running
    await asyncio.sleep(0.01)
    del running
    gc.collect()
    assert left == []
