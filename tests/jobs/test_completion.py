"""What the end of a run writes, and whom it tells (docs/spec.md#job-states)."""

from datetime import timedelta

import pytest

from buildos_box.clock import to_text
from buildos_box.db import Tx
from buildos_box.errors import LeaseLost
from buildos_box.jobs import lease_store, transitions
from buildos_box.jobs.changes import JobFailed, JobProgressed, JobsChanged, JobWaits
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.retry import RetryAt
from buildos_box.jobs.transitions import CompletedJob
from tests.jobs.conftest import QueueWorld
from tests.jobs.test_transitions import BUSY, attempt_of, hear, one_running, trail

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


async def steps(world: QueueWorld) -> list[int]:
    return [row["job_id"] for row in await world.db.all("SELECT job_id FROM job_steps")]


async def save_step(world: QueueWorld, claimed: Claimed) -> None:
    await world.db.write(
        lambda tx: lease_store.save_step(tx, claimed.row_id, claimed.lease_token, "part", "1")
    )


async def test_a_completed_job_forgets_its_last_error_and_what_it_saved(world: QueueWorld) -> None:
    claimed, other = await one_running(world), await one_running(world)
    for one in (claimed, other):
        await save_step(world, one)
    await world.db.write(lambda tx: lease_store.note_stack(tx, claimed.row_id, "at work"))
    await world.db.write(
        lambda tx: tx.execute(
            "UPDATE queue_jobs SET error = 'x', error_kind = 'transient', error_code = 'busy'"
        )
    )
    world.clock.advance(SECOND)
    now, ended = world.clock.now(), CompletedJob(claimed.row_id, claimed.lease_token, '"done"')
    await world.db.write(lambda tx: transitions.complete(tx, ended, now))
    row = await world.job(claimed.job_id)
    assert (row["error"], row["error_kind"], row["error_code"]) == (None, None, None)
    assert (row["result"], row["completed_at"]) == ('"done"', to_text(now))
    assert (row["updated_at"], row["rerun_wanted"]) == (to_text(now), 0)
    attempt = await attempt_of(world, claimed)
    assert (attempt["outcome"], attempt["ended_at"]) == ("completed", to_text(now))
    assert attempt["stack"] is None
    assert await steps(world) == [other.row_id]
    assert (await attempt_of(world, other))["outcome"] == "running"


async def test_a_completion_is_told_with_its_progress_and_nothing_waits_after_it(
    world: QueueWorld,
) -> None:
    silent, telling = await one_running(world), await one_running(world)
    heard, now = hear(world), world.clock.now()
    ended = [
        CompletedJob(silent.row_id, silent.lease_token, None),
        CompletedJob(telling.row_id, telling.lease_token, None, progress='{"current":100}'),
    ]
    await world.db.write(lambda tx: transitions.complete_all(tx, ended, now))
    assert heard == [
        JobProgressed(telling.row_id), JobsChanged((silent.row_id, telling.row_id)),
    ]  # fmt: skip
    assert (await world.job(silent.job_id))["progress"] is None
    assert (await world.job(telling.job_id))["progress"] == '{"current":100}'


async def test_a_completion_without_its_lease_writes_and_tells_nothing(world: QueueWorld) -> None:
    lost, held = await one_running(world), await one_running(world)
    heard, now = hear(world), world.clock.now()
    ended = [
        CompletedJob(lost.row_id, "another", '"zombie"', progress='{"current":100}'),
        CompletedJob(held.row_id, held.lease_token, '"rightful"'),
    ]
    done = await world.db.write(lambda tx: transitions.complete_all(tx, ended, now))
    assert done == {held.row_id}
    assert heard == [JobsChanged((held.row_id,))]
    row = await world.job(lost.job_id)
    assert (row["status"], row["result"], row["progress"]) == ("processing", None, None)
    heard.clear()
    assert await world.db.write(lambda tx: transitions.complete_all(tx, ended, now)) == set()
    with pytest.raises(LeaseLost):
        await world.db.write(lambda tx: transitions.complete(tx, ended[0], now))
    assert heard == []


@pytest.mark.parametrize("how", ["completes", "fails"])
async def test_a_job_requested_again_begins_anew_however_its_run_ends(
    world: QueueWorld, how: str
) -> None:
    first = await one_running(world, key="k")
    until = world.clock.now() + 9 * HOUR
    await world.db.write(
        lambda tx: transitions.retry_later(
            tx,
            first.row_id,
            first.lease_token,
            BUSY,
            RetryAt(world.clock.now(), until),
            world.clock.now(),
        )
    )
    claimed = await world.claim()
    assert claimed is not None
    assert (claimed.number, claimed.deferred, claimed.retry_until) == (2, 1, until)
    await save_step(world, claimed)
    kind = world.queue.type_named("t")
    assert kind is not None
    await world.add(kind, key="k")
    world.clock.advance(HOUR)
    heard, now = hear(world), world.clock.now()

    def end(tx: Tx) -> None:
        if how == "completes":
            ended = CompletedJob(claimed.row_id, claimed.lease_token, '"of the first run"')
            transitions.complete(tx, ended, now)
        else:
            transitions.fail(
                tx, claimed.row_id, claimed.lease_token, BUSY, now, outcome="timed_out", stack="s"
            )

    await world.db.write(end)
    row = await world.job(claimed.job_id)
    assert (row["status"], row["ready"], row["scheduled_for"]) == ("pending", 1, to_text(now))
    assert (row["attempts"], row["deferred"], row["retry_until"]) == (0, 0, None)
    assert (row["result"], row["completed_at"]) == (None, None)
    assert JobWaits() in heard
    assert not [told for told in heard if isinstance(told, JobFailed)]
    assert await steps(world) == []
    last = (await trail(world, claimed.job_id))[-1]
    if how == "completes":
        assert last == ("processing", "pending", "requested again while it ran", "worker")
    else:
        why = "requested again while it ran; busy: come back later"
        assert last == ("processing", "pending", why, "worker")
        attempt = await world.db.one("SELECT * FROM job_attempts ORDER BY id DESC LIMIT 1")
        assert attempt is not None
        assert (attempt["outcome"], attempt["stack"]) == ("timed_out", "s")
        assert (row["error"], row["error_code"]) == ("come back later", "busy")
