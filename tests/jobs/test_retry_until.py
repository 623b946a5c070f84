"""Retries bounded by time: as long as the work is worth doing, however many tries that takes."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.retry import (
    Failure,
    GiveUp,
    RetryAt,
    RetryPolicy,
    Snooze,
    Tried,
    decide,
)
from buildos_box.jobs.why import explain
from tests.jobs.conftest import QueueWorld, Work

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
POLICY = RetryPolicy(retry_for=DAY, longest_delay=15 * MINUTE)
NOW = from_text("2024-10-23T08:00:00Z")
BUSY = Failure("transient", "smtp_421", "busy", True)


def decided(
    failure: Failure = BUSY,
    *,
    number: int = 1,
    deferred: int = 0,
    until: Instant | None = NOW + DAY,
) -> RetryAt | GiveUp:
    return decide(
        failure,
        Tried(number, deferred, 3),
        longest_delay=15 * MINUTE,
        until=until,
        now=NOW,
        base=timedelta(seconds=1),
        jitter=0,
    )


@pytest.mark.parametrize(
    ("number", "wait"), [(1, 2), (2, 4), (5, 32), (9, 512), (10, 900), (40, 900)]
)
def test_pauses_grow_to_the_longest_one(number: int, wait: int) -> None:
    found = decided(number=number)
    assert found == RetryAt(NOW + timedelta(seconds=wait), NOW + DAY)


def test_what_the_provider_asks_for_is_waited_for() -> None:
    asked = Failure("transient", "http_429", "later", True, 40 * MINUTE)
    assert decided(asked) == RetryAt(NOW + 40 * MINUTE, NOW + DAY)


def test_the_last_try_is_shortly_before_the_end() -> None:
    until = NOW + timedelta(minutes=5)
    assert decided(number=40, until=until) == RetryAt(until - timedelta(seconds=15), until)
    assert decided(number=40, until=NOW + timedelta(seconds=15)) == GiveUp()


def test_a_provider_that_asks_for_more_time_than_is_left_is_not_asked_again() -> None:
    asked = Failure("transient", "http_429", "later", True, 10 * MINUTE)
    assert decided(asked, until=NOW + 5 * MINUTE) == GiveUp()


def test_errors_that_nobody_foresaw_are_counted_whatever_was_deferred_before() -> None:
    bug = Failure("unknown", "KeyError", "x", True)
    assert isinstance(decided(bug, number=22, deferred=20), RetryAt)
    assert decided(bug, number=23, deferred=20) == GiveUp()


def test_a_refusal_for_good_is_final() -> None:
    assert decided(Failure("permanent", "smtp_550", "no", False)) == GiveUp()


@pytest.mark.parametrize(
    ("stored", "expires", "until"),
    [
        (None, None, NOW + DAY),
        (None, NOW + MINUTE, NOW + MINUTE),
        (NOW + 2 * MINUTE, None, NOW + 2 * MINUTE),
        (NOW + 2 * MINUTE, NOW + MINUTE, NOW + MINUTE),
    ],
)
def test_the_bound_is_counted_from_the_first_failure_and_ends_with_the_job(
    stored: Instant | None, expires: Instant | None, until: Instant
) -> None:
    assert POLICY.deadline(NOW, stored, expires) == until
    assert RetryPolicy().deadline(NOW, stored, expires) is None


async def busy(_job: Attempt[Work]) -> None:
    raise TransientError("busy", code="smtp_421")


async def run_for(world: QueueWorld, span: timedelta) -> None:
    end = world.clock.now() + span
    await world.run_all()
    while world.clock.now() < end:
        world.clock.advance(MINUTE / 4)
        await world.run_all()


async def why(world: QueueWorld, job: str) -> str:
    row = await world.job(job)
    lanes = {"default": Lane.of("default", 8)}
    now = world.clock.now()
    return (await world.db.read(lambda tx: explain(tx, row, lanes, 16, now))).why


async def test_a_job_is_retried_until_its_time_is_over_and_says_so(world: QueueWorld) -> None:
    world.behaviour = busy
    policy = RetryPolicy(retry_for=timedelta(hours=2), longest_delay=15 * MINUTE)
    job = await world.add(world.job_type("t", retry=policy, max_attempts=2))
    await run_for(world, timedelta(hours=1))
    row = await world.job(job)
    assert row["status"] == "queued_for_retry"
    assert row["attempts"] == row["deferred"] > 8
    until = from_text(row["retry_until"])
    assert until == from_text(row["created_at"]) + timedelta(hours=2)
    assert f"retried until {row['retry_until']}, after smtp_421: busy" in await why(world, job)
    await run_for(world, timedelta(hours=2))
    row = await world.job(job)
    assert (row["status"], row["error_code"]) == ("failed", "smtp_421")
    assert until - MINUTE < from_text(row["completed_at"]) <= until
    assert f"retried until {to_text(until)}, {row['attempts']} attempts" in await why(world, job)


async def test_a_job_that_succeeds_late_is_done(world: QueueWorld) -> None:
    world.behaviour = busy
    job = await world.add(world.job_type("t", retry=POLICY))
    await run_for(world, timedelta(hours=3))
    world.behaviour = None
    await run_for(world, 16 * MINUTE)
    assert await world.status(job) == "completed"


async def test_a_lost_worker_ends_no_retries(world: QueueWorld) -> None:
    world.behaviour = busy
    job = await world.add(world.job_type("t", retry=POLICY, max_attempts=2))
    await run_for(world, timedelta(hours=1))
    while await world.claim() is None:
        world.clock.advance(MINUTE)
    before = await world.job(job)
    await world.recover(all_leases=True)
    after = await world.job(job)
    assert (after["status"], after["retry_until"]) == ("pending", before["retry_until"])
    assert after["attempts"] == after["deferred"] == before["attempts"] - 1


async def test_time_that_a_job_waits_on_purpose_is_not_counted(world: QueueWorld) -> None:
    world.behaviour = busy
    job = await world.add(world.job_type("t", retry=POLICY))
    await world.run_all()
    before = from_text((await world.job(job))["retry_until"])

    async def at_night(_job: Attempt[Work]) -> None:
        raise Snooze(world.clock.now() + timedelta(hours=8), "quiet hours")

    world.behaviour = at_night
    world.clock.advance(MINUTE)
    await world.run_all()
    assert from_text((await world.job(job))["retry_until"]) == before + timedelta(hours=8)


async def test_a_retry_by_hand_begins_anew(world: QueueWorld) -> None:
    async def refused(_job: Attempt[Work]) -> None:
        raise PermanentError("no")

    world.behaviour = busy
    job = await world.add(world.job_type("t", retry=POLICY))
    await run_for(world, timedelta(hours=1))
    world.behaviour = refused
    await run_for(world, 16 * MINUTE)
    assert await world.status(job) == "failed"
    await world.db.write(lambda tx: world.queue.retry(tx, job, actor="ops"))
    row: Any = await world.job(job)
    assert (row["attempts"], row["deferred"], row["retry_until"]) == (0, 0, None)
