"""What a claim takes, writes and hands to the attempt (docs/spec.md#claim-order)."""

from datetime import timedelta

import pytest

from buildos_box.clock import from_text, to_text
from buildos_box.db import Tx
from buildos_box.jobs import claims, job_query_store, transitions
from buildos_box.jobs.changes import JobsChanged, JobWaits
from buildos_box.jobs.claims import PROMOTE_AT_MOST
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.rescuer import SUSPECT_AFTER
from buildos_box.jobs.retry import Failure, RetryAt
from tests.jobs.conftest import LEASE, QueueWorld

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
BUSY = Failure("transient", "busy", "busy", True)


async def test_a_claim_hands_over_all_that_the_attempt_needs(world: QueueWorld) -> None:
    end = world.clock.now() + timedelta(hours=1)
    kind = world.job_type("t", dedup_key=lambda p: p.key, expires_at=lambda p: end, max_attempts=7)
    job = await world.add(kind, "name", key="k", user_id="ada", correlation_id="corr-1")
    world.clock.advance(SECOND)
    claimed = await world.claim()
    row = await world.job(job)
    assert claimed is not None
    assert (claimed.row_id, claimed.job_id, claimed.job_type) == (row["id"], job, "t")
    assert (claimed.user_id, claimed.dedup_key, claimed.correlation_id) == ("ada", "k", "corr-1")
    assert (claimed.number, claimed.max_attempts, claimed.deferred) == (1, 7, 0)
    assert claimed.scheduled_for == world.clock.now() - SECOND
    assert (claimed.retry_until, claimed.expires_at, claimed.ran_before) == (None, end, False)
    assert claimed.metadata == row["metadata"]


async def test_a_claim_leaves_a_lease_an_attempt_and_an_event(world: QueueWorld) -> None:
    kind = world.job_type("t")
    jobs = [await world.add(kind) for _ in range(3)]
    changed: list[JobsChanged] = []
    world.db.subscribe(JobsChanged, lambda _tx, change: changed.append(change))
    world.clock.advance(SECOND)
    now = world.clock.now()
    found = await world.claim_many(2)
    assert [claimed.job_id for claimed in found] == jobs[:2]
    for claimed in found:
        row = await world.job(claimed.job_id)
        assert (row["status"], row["ready"], row["attempts"]) == ("processing", 0, 1)
        assert row["lease_token"] == claimed.lease_token
        assert row["lease_expires_at"] == to_text(now + LEASE)
        assert row["started_at"] == row["updated_at"] == to_text(now)
        (attempt,) = await job_query_store.attempts_of(world.db, row["id"])
        assert (attempt["number"], attempt["outcome"]) == (1, "running")
        assert (attempt["worker"], attempt["started_at"]) == ("test", to_text(now))
        event = (await job_query_store.events_of(world.db, row["id"]))[-1]
        assert (event["from_status"], event["to_status"]) == ("pending", "processing")
        assert (event["reason"], event["actor"]) == ("attempt 1 of 3", "test")
        assert event["at"] == to_text(now)
    assert changed == [JobsChanged(tuple(claimed.row_id for claimed in found))]
    left = await world.job(jobs[2])
    assert (left["status"], left["lease_token"], left["attempts"]) == ("pending", None, 0)
    assert len({claimed.lease_token for claimed in found}) == 2


async def test_a_later_attempt_knows_what_was_before_it(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    first = await world.claim()
    assert first is not None
    now = world.clock.now()
    until = now + timedelta(hours=1)
    await world.db.write(
        lambda tx: transitions.retry_later(
            tx, first.row_id, first.lease_token, BUSY, RetryAt(now + SECOND, until), now
        )
    )
    claims_now = await world.db.write(world.claim_one)
    assert (claims_now.jobs, claims_now.next_due) == ([], now + SECOND)
    world.clock.advance(SECOND)
    second = await world.claim()
    assert second is not None
    assert (second.number, second.deferred, second.retry_until) == (2, 1, until)
    assert second.ran_before
    assert second.lease_token != first.lease_token
    row = await world.job(job)
    events = await job_query_store.events_of(world.db, row["id"])
    assert [(event["to_status"], event["reason"]) for event in events[-2:]] == [
        ("pending", "due"),
        ("processing", "attempt 2"),
    ]
    assert events[-2]["actor"] == "system"


async def test_what_an_earlier_run_left_is_cleared_by_the_claim(world: QueueWorld) -> None:
    await world.add(world.job_type("t"))
    await world.db.write(
        lambda tx: tx.execute("UPDATE queue_jobs SET progress = '{}', rerun_wanted = 1")
    )
    claimed = await world.claim()
    assert claimed is not None
    row = await world.job(claimed.job_id)
    assert (row["progress"], row["rerun_wanted"]) == (None, 0)


@pytest.mark.parametrize("wait", [timedelta(0), SECOND])
async def test_a_job_expires_at_its_instant_and_the_next_in_line_is_claimed(
    world: QueueWorld, wait: timedelta
) -> None:
    end = world.clock.now() + MINUTE
    expiring = world.job_type("expiring", expires_at=lambda _p: end)
    first = await world.add(expiring, priority=1)
    second = await world.add(world.job_type("t"))
    world.clock.set(end - wait)
    claimed = await world.claim()
    assert claimed is not None
    assert claimed.job_id == (first if wait else second)
    if not wait:
        row = await world.job(first)
        assert (row["status"], row["cancel_reason"]) == ("cancelled", "expired")
        event = (await job_query_store.events_of(world.db, row["id"]))[-1]
        assert (event["reason"], event["actor"]) == ("expired", "system")


async def test_a_claim_says_when_the_next_job_is_due(world: QueueWorld) -> None:
    kind = world.job_type("t")
    now = world.clock.now()
    assert (await world.db.write(world.claim_one)).next_due is None
    for minutes in (9, 3, 5):
        await world.add(kind, scheduled_for=now + minutes * MINUTE)
    assert (await world.db.write(world.claim_one)).next_due == now + 3 * MINUTE
    await world.add(kind)
    found = await world.db.write(world.claim_one)
    assert (len(found.jobs), found.next_due) == (1, now + 3 * MINUTE)


async def test_the_sooner_of_the_next_job_and_a_lane_that_opens_is_told(world: QueueWorld) -> None:
    world.queue.lanes["default"] = Lane.of("default", 8, per_minute=1)
    world.queue.lanes["llm"] = Lane.of("llm", 8, per_minute=1)
    one, other = world.job_type("t"), world.job_type("u", lane="llm")
    begun = world.clock.now()
    for kind in (one, one, other, other):
        await world.add(kind)
    await world.db.write(lambda tx: world.queue.pause(tx, "lane", "llm", actor="ada"))
    assert len((await world.db.write(lambda tx: world.claim_one(tx, 9))).jobs) == 1
    world.clock.advance(20 * SECOND)
    await world.db.write(lambda tx: world.queue.resume(tx, "lane", "llm"))
    found = await world.db.write(lambda tx: world.claim_one(tx, 9))
    assert (len(found.jobs), found.next_due) == (1, begun + MINUTE)
    await world.add(one, scheduled_for=begun + 30 * SECOND)
    found = await world.db.write(lambda tx: world.claim_one(tx, 9))
    assert (found.jobs, found.next_due) == ([], begun + 30 * SECOND)


async def test_jobs_that_have_become_due_are_told_once_and_so_many_at_a_time(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t")
    due = world.clock.now() + SECOND
    many = PROMOTE_AT_MOST + 1

    def add(tx: Tx) -> None:
        for _ in range(many):
            world.queue.enqueue(tx, kind, kind.payload(), user_id=None, scheduled_for=due)

    await world.db.write(add)
    waits: list[JobWaits] = []
    world.db.subscribe(JobWaits, lambda _tx, change: waits.append(change))
    ready = []
    for now in (due - SECOND, due, due, due):
        await world.db.write(lambda tx, now=now: claims.make_ready(tx, now))  # type: ignore[misc]
        rows = await world.db.all("SELECT count(*) AS n FROM queue_jobs WHERE ready = 1")
        ready.append((rows[0]["n"], len(waits)))
    assert ready == [(0, 0), (many - 1, 1), (many, 2), (many, 2)]
    assert set(waits) == {JobWaits()}


async def test_a_start_that_the_clock_has_put_into_the_future_does_not_count(
    world: QueueWorld,
) -> None:
    world.queue.lanes["default"] = Lane.of("default", 8, per_minute=1)
    kind = world.job_type("t")
    for _ in range(3):
        await world.add(kind)
    assert await world.claim() is not None
    world.clock.set(world.clock.now() - timedelta(hours=1))  # set back, as a wrong clock is
    assert await world.claim() is not None
    assert await world.claim() is None


async def test_a_lanes_rate_is_its_own_and_holds_within_one_claim(world: QueueWorld) -> None:
    world.queue.lanes["default"] = Lane.of("default", 8, per_minute=2)
    world.queue.lanes["llm"] = Lane.of("llm", 8, per_minute=3)
    one, other = world.job_type("t"), world.job_type("u", lane="llm")
    for kind in (one, other):
        for _ in range(5):
            await world.add(kind)
    found = await world.claim_many(16)
    assert sorted(claimed.job_type for claimed in found) == ["t", "t", "u", "u", "u"]
    started = await world.db.all("SELECT lane, started_at, job_id FROM lane_starts")
    assert {row["job_id"] for row in started} == {claimed.row_id for claimed in found}
    assert {from_text(row["started_at"]) for row in started} == {world.clock.now()}


async def test_the_next_of_two_lanes_is_the_more_urgent_one_whatever_was_read_ahead(
    world: QueueWorld,
) -> None:
    one, other = world.job_type("t"), world.job_type("u", lane="llm")
    for priority in (1, 4, 5):
        await world.add(one, f"t{priority}", priority=priority)
    for priority in (2, 3, 6):
        await world.add(other, f"u{priority}", priority=priority)
    found = await world.claim_many(6)
    names = [claimed.metadata.split('"')[3] for claimed in found]
    assert names == ["t1", "u2", "u3", "t4", "t5", "u6"]


async def test_in_one_claim_a_type_that_is_paused_is_passed_over_for_each_slot(
    world: QueueWorld,
) -> None:
    paused, other = world.job_type("paused"), world.job_type("other")
    for _ in range(3):
        await world.add(paused, priority=1)
        await world.add(other)
    await world.db.write(lambda tx: world.queue.pause(tx, "type", "paused", actor="ada"))
    found = await world.claim_many(16)
    assert [claimed.job_type for claimed in found] == ["other"] * 3
    assert len({claimed.row_id for claimed in found}) == 3


def test_an_attempt_is_one_of_so_many_unless_time_has_bounded_one_before() -> None:
    assert claims.attempt_words(2, 0, 3) == "attempt 2 of 3"
    assert claims.attempt_words(2, 1, 3) == "attempt 2"


async def test_a_suspect_waits_for_one_that_an_earlier_claim_has_started(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t")
    suspects = [await world.add(kind) for _ in range(2)]
    for _ in range(SUSPECT_AFTER):
        assert len(await world.claim_many(2)) == 2
        await world.recover(all_leases=True)
    world.clock.advance(timedelta(hours=1))
    first = await world.claim()
    assert first is not None
    assert first.job_id == suspects[0]
    assert await world.claim_many(16) == []
    await world.runner.run(first, None)
    await world.settle()
    assert [job.job_id for job in await world.claim_many(16)] == suspects[1:]


async def test_a_suspect_waits_also_while_other_users_jobs_run_beside_the_first(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t")
    for _ in range(2):
        await world.add(kind, user_id="ada")
    for _ in range(SUSPECT_AFTER):
        assert len(await world.claim_many(2)) == 2
        await world.recover(all_leases=True)
    world.clock.advance(timedelta(hours=1))
    await world.add(kind, user_id="zoe")
    assert [job.user_id for job in await world.claim_many(16)] == ["ada", "zoe"]
    assert await world.claim_many(16) == []
