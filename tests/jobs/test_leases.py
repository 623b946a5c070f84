"""Who holds a job writes to it, and nobody else (docs/spec.md#leases)."""

from datetime import timedelta

import pytest

from buildos_box.clock import to_text
from buildos_box.db import Tx
from buildos_box.errors import LeaseLost
from buildos_box.jobs import lease_store, transitions
from buildos_box.jobs.changes import JobProgressed
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.lease_store import Beat
from buildos_box.jobs.retry import Failure, RetryAt
from tests.jobs.conftest import LEASE, QueueWorld

SECOND = timedelta(seconds=1)


async def two_running(world: QueueWorld) -> tuple[Claimed, Claimed]:
    kind = world.job_type("t")
    for _ in range(2):
        await world.add(kind)
    one, other = await world.claim_many(2)
    return one, other


async def hold(world: QueueWorld, row_id: int, token: str) -> bool:
    """Whether that token is let in to that job."""
    try:
        await world.db.write(lambda tx: lease_store.ensure_lease(tx, row_id, token))
    except LeaseLost:
        return False
    return True


async def test_a_token_lets_in_to_its_own_job_alone_and_only_while_that_runs(
    world: QueueWorld,
) -> None:
    one, other = await two_running(world)
    assert await hold(world, one.row_id, one.lease_token)
    assert not await hold(world, one.row_id, other.lease_token)
    assert not await hold(world, other.row_id, one.lease_token)
    await world.recover(all_leases=True)
    assert not await hold(world, one.row_id, one.lease_token)


async def test_progress_is_that_of_the_job_whose_token_it_is_and_is_told(
    world: QueueWorld,
) -> None:
    one, other = await two_running(world)
    told: list[int] = []
    world.db.subscribe(JobProgressed, lambda _tx, change: told.append(change.row_id))
    world.clock.advance(SECOND)
    now = world.clock.now()

    def report(row_id: int, token: str) -> None:
        world.db.write_blocking(
            lambda tx: lease_store.set_progress(tx, row_id, token, '{"current":1}', now)
        )

    report(one.row_id, one.lease_token)
    for row_id, token in ((one.row_id, other.lease_token), (other.row_id, one.lease_token)):
        with pytest.raises(LeaseLost):
            report(row_id, token)
    rows = await world.db.all("SELECT progress, updated_at FROM queue_jobs ORDER BY id")
    assert (rows[0]["progress"], rows[0]["updated_at"]) == ('{"current":1}', to_text(now))
    assert rows[1]["progress"] is None
    assert told == [one.row_id]


async def test_a_job_that_no_longer_runs_takes_no_progress(world: QueueWorld) -> None:
    one, _other = await two_running(world)
    await world.recover(all_leases=True)
    now = world.clock.now()
    with pytest.raises(LeaseLost):
        await world.db.write(
            lambda tx: lease_store.set_progress(tx, one.row_id, one.lease_token, "{}", now)
        )


async def test_a_heartbeat_renews_the_leases_that_are_held_and_names_the_others(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t")
    for _ in range(4):
        await world.add(kind)
    gone, ended, held, idle = await world.claim_many(4)
    job_id = ended.job_id
    await world.db.write(lambda tx: world.queue.cancel(tx, job_id, reason="no", actor="ada"))
    before = to_text(world.clock.now() + LEASE)
    world.clock.advance(10 * SECOND)
    now = world.clock.now()
    beats = [
        Beat(gone.row_id, held.lease_token, "a zombie"),
        Beat(ended.row_id, ended.lease_token, "an ended one"),
        Beat(held.row_id, held.lease_token, "at work"),
    ]
    void = await world.db.write(
        lambda tx: lease_store.renew_leases(tx, beats, until=now + LEASE, now=now)
    )
    assert void == [gone.row_id, ended.row_id]
    rows = await world.db.all(
        """SELECT j.id, j.lease_expires_at, j.updated_at, a.stack
             FROM queue_jobs j JOIN job_attempts a ON a.job_id = j.id ORDER BY j.id"""
    )
    found = {row["id"]: (row["lease_expires_at"], row["stack"]) for row in rows}
    assert found == {
        gone.row_id: (before, None),
        ended.row_id: (None, None),
        held.row_id: (to_text(now + LEASE), "at work"),
        idle.row_id: (before, None),
    }
    changed = [row["id"] for row in rows if row["updated_at"] == to_text(now)]
    assert changed == [held.row_id]


async def test_where_an_attempt_stands_is_noted_of_the_running_one_alone(
    world: QueueWorld,
) -> None:
    one, _other = await two_running(world)
    await world.db.write(lambda tx: lease_store.note_stack(tx, one.row_id, "the first one"))
    await world.recover(all_leases=True)
    await world.claim_many(2)
    await world.db.write(lambda tx: lease_store.note_stack(tx, one.row_id, "the second one"))
    rows = await world.db.all("SELECT job_id, stack FROM job_attempts ORDER BY job_id, number, id")
    assert [row["stack"] for row in rows if row["job_id"] == one.row_id] == [
        "the first one",
        "the second one",
    ]
    others = [row["stack"] or "" for row in rows if row["job_id"] != one.row_id]
    assert not [stack for stack in others if "one" in stack.split()]


async def test_a_lease_ends_at_its_instant_and_no_earlier(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    waits = await world.add(world.job_type("u"), scheduled_for=world.clock.now() + 9 * LEASE)
    await world.claim()
    world.clock.advance(LEASE - timedelta(milliseconds=1))
    await world.recover()
    assert await world.status(job) == "processing"
    world.clock.advance(timedelta(milliseconds=1))
    await world.recover()
    assert await world.status(job) == "pending"
    assert (await world.job(waits))["losses"] == 0


async def test_losses_are_counted_of_the_job_that_was_lost(world: QueueWorld) -> None:
    one, other = await two_running(world)
    await world.db.write(
        lambda tx: lease_store.count_loss(tx, one.row_id, losses=3, losses_as_suspect=1)
    )
    rows = await world.db.all("SELECT id, losses, losses_as_suspect FROM queue_jobs ORDER BY id")
    assert [tuple(row) for row in rows] == [(one.row_id, 3, 1), (other.row_id, 0, 0)]


async def test_suspects_that_wait_are_those_lost_as_often_as_asked(world: QueueWorld) -> None:
    kind = world.job_type("t")
    names = ("lost once", "lost twice", "retried", "running", "cancelled")
    jobs = {name: await world.add(kind, name) for name in names}
    running = await world.claim_many(5)
    busy, now = Failure("transient", "busy", "busy", True), world.clock.now()

    def lose(tx: Tx) -> None:
        tx.execute("UPDATE queue_jobs SET losses = 2")
        tx.execute("UPDATE queue_jobs SET losses = 1 WHERE id = ?", (running[0].row_id,))
        for one in running[:2]:
            transitions.give_back(
                tx, one.row_id, one.lease_token, outcome="drained", reason="", at=now, now=now
            )
        retried = running[2]
        transitions.retry_later(
            tx, retried.row_id, retried.lease_token, busy, RetryAt(now + SECOND), now
        )
        world.queue.cancel(tx, jobs["cancelled"], reason="no", actor="ada")

    await world.db.write(lose)
    found = await world.db.write(lambda tx: lease_store.waiting_suspects(tx, 2))
    named = {(await world.job(jobs[name]))["id"] for name in ("lost twice", "retried")}
    assert {row["id"] for row in found} == named


async def test_a_job_that_is_put_off_is_ready_once_its_time_has_come(world: QueueWorld) -> None:
    kind = world.job_type("t")
    first, second = await world.add(kind), await world.add(kind)
    row_id = (await world.job(first))["id"]
    now = world.clock.now()
    for wait, ready in ((SECOND, 0), (timedelta(0), 1)):
        at = now + wait

        def put_off(tx: Tx, at: object = at) -> None:
            lease_store.postpone(tx, row_id, at, now)  # type: ignore[arg-type]

        await world.db.write(put_off)
        row = await world.job(first)
        assert (row["scheduled_for"], row["ready"]) == (to_text(at), ready)
    assert (await world.job(second))["ready"] == 1
