"""What a change of state writes, and whom it tells (docs/spec.md#job-states)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import to_text
from buildos_box.db import Tx
from buildos_box.errors import IllegalTransition, LeaseLost
from buildos_box.jobs import job_query_store, lease_store, transitions
from buildos_box.jobs.changes import (
    JobCancelled,
    JobFailed,
    JobProgressed,
    JobsChanged,
    JobWaits,
)
from buildos_box.jobs.claims import Claimed
from buildos_box.jobs.retry import Failure, RetryAt
from tests.jobs.conftest import QueueWorld

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BUSY = Failure("transient", "busy", "come back later", True)


def hear(world: QueueWorld) -> list[Any]:
    """All that is announced from now on."""
    heard: list[Any] = []
    for kind in (JobCancelled, JobFailed, JobProgressed, JobsChanged, JobWaits):
        world.db.subscribe(kind, lambda _tx, change: heard.append(change))
    return heard


async def one_running(world: QueueWorld, **options: Any) -> Claimed:
    kind = world.queue.type_named("t") or world.job_type("t", dedup_key=lambda p: p.key)
    await world.add(kind, **options)
    claimed = await world.claim()
    assert claimed is not None
    return claimed


async def trail(world: QueueWorld, job: str) -> list[tuple[str, str, str, str]]:
    """From, to, reason and actor of all but the first event, each at the present instant."""
    row = await world.job(job)
    events = await job_query_store.events_of(world.db, row["id"])
    return [
        (one["from_status"], one["to_status"], one["reason"], one["actor"]) for one in events[1:]
    ]


async def attempt_of(world: QueueWorld, claimed: Claimed) -> dict[str, Any]:
    row = await world.db.one(
        "SELECT * FROM job_attempts WHERE job_id = ? AND number = ?",
        (claimed.row_id, claimed.number),
    )
    assert row is not None
    return dict(row)


async def test_a_failure_is_kept_on_the_job_and_on_its_attempt_and_is_told(
    world: QueueWorld,
) -> None:
    claimed = await one_running(world, user_id="ada", extra="more")
    other = await one_running(world)
    world.clock.advance(SECOND)
    heard, now = hear(world), world.clock.now()
    failure = Failure("permanent", "no_such_user", "there is no ada", False)
    await world.db.write(
        lambda tx: transitions.fail(
            tx, claimed.row_id, claimed.lease_token, failure, now, outcome="timed_out", stack="here"
        )
    )
    row = await world.job(claimed.job_id)
    assert (row["status"], row["completed_at"], row["ready"]) == ("failed", to_text(now), 0)
    said = ("permanent", "no_such_user", "there is no ada")
    assert (row["error_kind"], row["error_code"], row["error"]) == said
    attempt = await attempt_of(world, claimed)
    assert (attempt["error_kind"], attempt["error_code"], attempt["error"]) == said
    assert (attempt["outcome"], attempt["stack"], attempt["ended_at"]) == (
        "timed_out", "here", to_text(now),
    )  # fmt: skip
    assert (await attempt_of(world, other))["outcome"] == "running"
    (told,) = [change for change in heard if isinstance(change, JobFailed)]
    assert told == JobFailed(
        job_id=claimed.job_id,
        job_type="t",
        user_id="ada",
        metadata={"extra": "more"},
        correlation_id=claimed.correlation_id,
        code="no_such_user",
        message="there is no ada",
    )
    assert JobsChanged((claimed.row_id,)) in heard
    assert (await trail(world, claimed.job_id))[-1] == (
        "processing", "failed", "no_such_user: there is no ada", "worker",
    )  # fmt: skip


@pytest.mark.parametrize("bounded", [True, False])
async def test_a_retry_keeps_the_error_the_time_and_what_bounds_it(
    world: QueueWorld, bounded: bool
) -> None:
    claimed = await one_running(world)
    now = world.clock.now()
    retry = RetryAt(now + HOUR, now + 9 * HOUR if bounded else None)
    await world.db.write(
        lambda tx: transitions.retry_later(
            tx,
            claimed.row_id,
            claimed.lease_token,
            BUSY,
            retry,
            now,
            outcome="timed_out",
            stack="s",
        )
    )
    row = await world.job(claimed.job_id)
    assert (row["status"], row["ready"], row["attempts"]) == ("queued_for_retry", 0, 1)
    assert row["scheduled_for"] == to_text(now + HOUR)
    assert (row["deferred"], row["retry_until"]) == (
        (1, to_text(now + 9 * HOUR)) if bounded else (0, None)
    )
    assert (row["completed_at"], row["error_kind"], row["error_code"]) == (
        None,
        "transient",
        "busy",
    )
    attempt = await attempt_of(world, claimed)
    assert (attempt["outcome"], attempt["stack"]) == ("timed_out", "s")
    assert (await trail(world, claimed.job_id))[-1] == (
        "processing", "queued_for_retry", "busy: come back later", "worker",
    )  # fmt: skip


@pytest.mark.parametrize(("wait", "ready"), [(timedelta(0), 1), (SECOND, 0)])
async def test_what_is_given_back_is_ready_if_it_is_due(
    world: QueueWorld, wait: timedelta, ready: int
) -> None:
    claimed, now = await one_running(world), world.clock.now()
    await world.db.write(
        lambda tx: transitions.give_back(
            tx,
            claimed.row_id,
            claimed.lease_token,
            outcome="snoozed",
            reason="later",
            at=now + wait,
            now=now,
            actor="ada",
            failure=BUSY,
        )
    )
    row = await world.job(claimed.job_id)
    assert (row["status"], row["ready"], row["attempts"]) == ("pending", ready, 0)
    assert (row["error"], row["error_kind"], row["error_code"]) == (
        "come back later", "transient", "busy",
    )  # fmt: skip
    assert (await attempt_of(world, claimed))["error"] == "come back later"
    assert (await trail(world, claimed.job_id))[-1] == ("processing", "pending", "later", "ada")


async def test_whoever_has_not_the_lease_changes_no_state(world: QueueWorld) -> None:
    one, other = await one_running(world), await one_running(world)
    now, row, token = world.clock.now(), one.row_id, other.lease_token
    acts = [
        lambda tx: transitions.fail(tx, row, token, BUSY, now),
        lambda tx: transitions.retry_later(tx, row, token, BUSY, RetryAt(now), now),
        lambda tx: transitions.give_back(
            tx, row, token, outcome="drained", reason="", at=now, now=now
        ),
    ]
    for act in acts:
        with pytest.raises(LeaseLost):
            await world.db.write(act)
    assert await world.status(one.job_id) == await world.status(other.job_id) == "processing"
    rows = await world.db.all("SELECT outcome FROM job_attempts")
    assert [attempt["outcome"] for attempt in rows] == ["running", "running"]


async def test_a_lost_attempt_keeps_where_it_stood_and_any_other_what_it_is_given(
    world: QueueWorld,
) -> None:
    now = world.clock.now()
    kept = []
    for outcome, noted, given in (
        ("lost", "noted", "given"),
        ("lost", None, "given"),
        ("failed", "noted", "given"),
        ("failed", "noted", None),
    ):
        claimed = await one_running(world)

        def end(
            tx: Tx,
            claimed: Claimed = claimed,
            outcome: str = outcome,
            noted: str | None = noted,
            given: str | None = given,
        ) -> None:
            if noted:
                lease_store.note_stack(tx, claimed.row_id, noted)
            transitions.fail(
                tx, claimed.row_id, claimed.lease_token, BUSY, now, outcome=outcome, stack=given
            )

        await world.db.write(end)
        kept.append((await attempt_of(world, claimed))["stack"])
    assert kept == ["noted", "given", "given", None]


async def test_a_cancel_ends_the_attempt_and_is_told_with_its_reason(world: QueueWorld) -> None:
    claimed, other = await one_running(world, user_id="ada"), await one_running(world)
    world.clock.advance(SECOND)
    heard, now = hear(world), world.clock.now()
    await world.db.write(
        lambda tx: world.queue.cancel(tx, claimed.job_id, reason="enough", actor="ada")
    )
    row = await world.job(claimed.job_id)
    assert (row["status"], row["cancel_reason"], row["lease_token"]) == (
        "cancelled", "enough", None,
    )  # fmt: skip
    assert (row["completed_at"], row["updated_at"]) == (to_text(now), to_text(now))
    attempt = await attempt_of(world, claimed)
    assert (attempt["outcome"], attempt["ended_at"], attempt["error"]) == (
        "cancelled", to_text(now), None,
    )  # fmt: skip
    assert (await attempt_of(world, other))["outcome"] == "running"
    (told,) = [change for change in heard if isinstance(change, JobCancelled)]
    assert (told.job_id, told.user_id, told.reason) == (claimed.job_id, "ada", "enough")
    assert (await trail(world, claimed.job_id))[-1] == (
        "processing", "cancelled", "enough", "ada",
    )  # fmt: skip


async def test_only_a_waiting_job_is_made_more_urgent_and_says_who_did_it(
    world: QueueWorld,
) -> None:
    running = await one_running(world)
    kind = world.queue.type_named("t")
    assert kind is not None
    later = world.clock.now() + HOUR
    waits, other = [await world.add(kind, scheduled_for=later, priority=9) for _ in range(2)]
    with pytest.raises(IllegalTransition):
        await world.db.write(lambda tx: world.queue.promote(tx, running.job_id, actor="ada"))
    assert await world.status(running.job_id) == "processing"
    world.clock.advance(SECOND)
    await world.db.write(lambda tx: world.queue.promote(tx, waits, actor="ada"))
    row = await world.job(waits)
    assert (row["priority"], row["ready"]) == (1, 1)
    assert row["scheduled_for"] == row["updated_at"] == to_text(world.clock.now())
    assert await trail(world, waits) == [("pending", "pending", "promoted", "ada")]
    assert (await world.job(other))["priority"] == 9


async def test_a_request_for_later_that_is_more_urgent_does_not_make_it_due(
    world: QueueWorld,
) -> None:
    kind = world.job_type("t", dedup_key=lambda p: p.key)
    later = world.clock.now() + HOUR
    job = await world.add(kind, key="k", scheduled_for=later, priority=9)
    await world.add(kind, key="k", scheduled_for=later, priority=2)
    row = await world.job(job)
    assert (row["priority"], row["ready"], row["scheduled_for"]) == (2, 0, to_text(later))


async def test_a_retry_by_hand_is_refused_while_another_job_does_that_work(
    world: QueueWorld,
) -> None:
    failed = await one_running(world, key="k")
    now = world.clock.now()
    await world.db.write(
        lambda tx: transitions.fail(tx, failed.row_id, failed.lease_token, BUSY, now)
    )
    kind = world.queue.type_named("t")
    assert kind is not None
    twin = await world.add(kind, key="k")
    with pytest.raises(IllegalTransition, match="already does this work") as refused:
        await world.db.write(lambda tx: world.queue.retry(tx, failed.job_id, actor="ada"))
    assert refused.value.existing_job_id == twin
    with pytest.raises(IllegalTransition, match="nothing to retry"):
        await world.db.write(lambda tx: world.queue.retry(tx, twin, actor="ada"))
    await world.run_all()
    await world.db.write(lambda tx: world.queue.retry(tx, failed.job_id, actor="ada"))
    assert (await trail(world, failed.job_id))[-1] == (
        "failed", "pending", "retry requested", "ada",
    )  # fmt: skip


async def test_a_retry_by_hand_at_the_instant_of_expiry_is_refused(world: QueueWorld) -> None:
    end = world.clock.now() + HOUR
    kind = world.job_type("t", expires_at=lambda _p: end)
    job = await world.add(kind)
    await world.db.write(lambda tx: world.queue.cancel(tx, job, reason="no", actor="ada"))
    world.clock.advance(HOUR)
    with pytest.raises(IllegalTransition, match="expired at"):
        await world.db.write(lambda tx: world.queue.retry(tx, job, actor="ada"))
    world.clock.advance(-SECOND)
    await world.db.write(lambda tx: world.queue.retry(tx, job, actor="ada"))
    row = await world.job(job)
    assert (row["status"], row["ready"], row["scheduled_for"]) == (
        "pending", 1, to_text(world.clock.now()),
    )  # fmt: skip
    assert (row["cancel_reason"], row["completed_at"]) == (None, None)
