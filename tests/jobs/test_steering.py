"""Cleanup, why, and bulk actions (docs/spec.md#cleanup)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.errors import PermanentError, TransientError, Unprocessable
from buildos_box.jobs import cleanup_store, cron_store
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.bulk import BulkFilter, BulkRequest, run_bulk
from buildos_box.jobs.cleanup import Thresholds, clean_up, preview
from buildos_box.jobs.job_details import details_of, job_named
from buildos_box.jobs.retry import Snooze
from buildos_box.jobs.why import explain
from tests.jobs.conftest import QueueWorld, Work


async def why(world: QueueWorld, job_id: str) -> str:
    row = await world.job(job_id)
    now = world.clock.now()
    return (await world.db.write(lambda tx: explain(tx, row, world.queue.lanes, 16, now))).why


def raising(error: BaseException) -> Any:
    async def behave(_job: Attempt[Work]) -> None:
        raise error

    return behave


async def jobs_in_every_state(world: QueueWorld) -> dict[str, str]:
    """One job of each fate, all thirty-one days old, and a young one."""
    kind = world.job_type("t")
    jobs = {"completed": await world.add(kind)}
    await world.run_all()
    world.behaviour = raising(PermanentError("no"))
    jobs["failed"] = await world.add(kind)
    await world.run_all()
    jobs["stale"] = await world.add(kind)
    world.clock.advance(timedelta(days=31))
    jobs["young"] = await world.add(kind)
    return jobs


async def test_a_dry_run_reports_the_same_numbers_and_touches_nothing(world: QueueWorld) -> None:
    await jobs_in_every_state(world)
    before = [tuple(row) for row in await world.db.all("SELECT * FROM queue_jobs")]
    dry = await preview(world.db, world.clock, Thresholds())
    assert [tuple(row) for row in await world.db.all("SELECT * FROM queue_jobs")] == before
    wet = await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    numbers = ("stale_cancelled", "old_failed_cancelled", "completed_deleted")
    assert [getattr(dry, n) for n in numbers] == [1, 1, 1]
    assert [getattr(wet, n) for n in numbers] == [1, 1, 1]


async def test_cleanup_forgets_old_runs_of_crons(world: QueueWorld) -> None:
    for age in (31, 29):
        then = world.clock.now() - timedelta(days=age)
        for _ in range(150):

            def ran(tx: Tx, then: Instant = then) -> None:
                run = cron_store.start(tx, "briefs", then, "schedule", "scheduler", then)
                cron_store.finish(tx, run, None, None, then)

            await world.db.write(ran)
    await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    kept = await world.db.all("SELECT due, count(*) AS n FROM cron_runs GROUP BY due")
    young = to_text(world.clock.now() - timedelta(days=29))
    assert [(row["due"], row["n"]) for row in kept] == [(young, 150)]


async def test_cleanup_leaves_young_jobs_and_archives_failed_ones_readable(
    world: QueueWorld,
) -> None:
    jobs = await jobs_in_every_state(world)
    await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    assert await world.job(jobs["completed"]) is None
    assert await world.job(jobs["failed"]) is None
    archived = await job_named(world.db, jobs["failed"])
    assert archived is not None
    record = await details_of(world.db, archived)
    assert (archived["status"], archived["error"]) == ("failed", "no")
    assert [attempt["outcome"] for attempt in record.attempts] == ["failed"]
    assert record.events[-1]["to_status"] == "failed"
    assert (await world.job(jobs["stale"]))["cancel_reason"] == "stale"
    assert await world.status(jobs["young"]) == "pending"
    assert await world.db.all("SELECT * FROM job_attempts") == []


async def test_jobs_of_every_type_are_cleaned_up(world: QueueWorld) -> None:
    """Only stale briefs were cleaned; two-day-old SMS went out after an outage."""
    for name in ("brief", "sms"):
        await world.add(world.job_type(name), name)
    world.clock.advance(timedelta(days=2))
    await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    await world.run_all()
    assert world.ran == []


async def test_a_job_scheduled_for_later_is_not_stale_however_old_it_is(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"), scheduled_for=world.clock.now() + timedelta(days=90))
    world.clock.advance(timedelta(days=30))
    await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    assert await world.status(job) == "pending"


async def test_cleanup_goes_in_small_transactions(world: QueueWorld) -> None:
    kind = world.job_type("t")
    for _ in range(250):
        await world.add(kind)
    world.clock.advance(timedelta(days=2))
    before = world.db.commits
    report = await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    assert report.stale_cancelled == 250
    assert world.db.commits - before >= 3


async def test_why_a_job_waits_for_its_time(world: QueueWorld) -> None:
    job = await world.add(
        world.job_type("t"), scheduled_for=world.clock.now() + timedelta(minutes=5)
    )
    assert await why(world, job) == "due at 2024-10-23T08:05:00.000Z"


async def test_why_a_job_waits_in_line(world: QueueWorld) -> None:
    kind = world.job_type("t", lane="email")
    for user in ("ben", "cem", "dora"):
        await world.add(kind, user_id=user)
    job = await world.add(kind, user_id="ada")
    await world.claim()
    assert await why(world, job) == "waits for 2 jobs ahead of it in lane email (1 running)"


async def test_why_a_job_waits_on_a_pause(world: QueueWorld) -> None:
    job = await world.add(world.job_type("t"))
    await world.db.write(lambda tx: world.queue.pause(tx, "lane", "default", actor="admin"))
    assert await why(world, job) == "lane default is paused since 2024-10-23T08:00:00.000Z by admin"


async def test_why_a_job_is_tried_again(world: QueueWorld) -> None:
    world.behaviour = raising(TransientError("DeepSeek is busy", code="provider_busy"))
    job = await world.add(world.job_type("t"))
    await world.run_one()
    assert await why(world, job) == (
        "attempt 2 of 3 at 2024-10-23T08:00:02.000Z after provider_busy: DeepSeek is busy"
    )


async def test_why_a_job_is_put_off(world: QueueWorld) -> None:
    world.behaviour = raising(
        Snooze(world.clock.now() + timedelta(hours=1), "quiet hours until 09:00")
    )
    job = await world.add(world.job_type("t"))
    await world.run_one()
    assert await why(world, job) == (
        "snoozed until 2024-10-23T09:00:00.000Z: quiet hours until 09:00"
    )


async def test_why_a_job_has_ended(world: QueueWorld) -> None:
    kind = world.job_type("t", expires_at=lambda p: world.clock.now() if p.key else None)
    done, cancelled = await world.add(kind), await world.add(kind)
    await world.db.write(lambda tx: world.queue.cancel(tx, cancelled, reason="enough", actor="ada"))
    expired = await world.add(kind, key="x")
    await world.run_all()
    assert await why(world, done) == "completed at 2024-10-23T08:00:00.000Z, attempt 1"
    assert await why(world, cancelled) == "cancelled by ada at 2024-10-23T08:00:00.000Z: enough"
    assert "expired" in await why(world, expired)


async def test_a_bulk_action_works_on_what_the_filter_matches(world: QueueWorld) -> None:
    ours, theirs = world.job_type("ours"), world.job_type("theirs")
    jobs = [await world.add(ours) for _ in range(3)]
    other = await world.add(theirs)
    request = BulkRequest(action="cancel", filter=BulkFilter(types=["ours"]), dry_run=True)
    dry = await run_bulk(world.db, world.queue, request, actor="me")
    assert (dry.matched, dry.done, await world.status(jobs[0])) == (3, 3, "pending")
    wet = BulkRequest(action="cancel", filter=BulkFilter(types=["ours"]))
    report = await run_bulk(world.db, world.queue, wet, actor="me")
    assert (report.done, report.refused) == (3, [])
    assert await world.status(other) == "pending"


async def test_a_bulk_action_tells_what_refused(world: QueueWorld) -> None:
    done = await world.add(world.job_type("t"))
    await world.run_all()
    request = BulkRequest(action="cancel", ids=[done, "job-nowhere"])
    report = await run_bulk(world.db, world.queue, request, actor="me")
    assert (report.matched, report.done) == (2, 0)
    assert [refused.id for refused in report.refused] == [done, "job-nowhere"]


@pytest.mark.parametrize(
    "request_",
    [
        BulkRequest(action="cancel"),
        BulkRequest(action="cancel", filter=BulkFilter()),
        BulkRequest(action="cancel", ids=[], filter=BulkFilter(types=["t"])),
    ],
)
async def test_an_empty_filter_never_means_all(world: QueueWorld, request_: BulkRequest) -> None:
    """Fail-open scoping: an empty filter meant everything."""
    job = await world.add(world.job_type("t"))
    with pytest.raises(Unprocessable):
        await run_bulk(world.db, world.queue, request_, actor="me")
    assert await world.status(job) == "pending"


async def test_an_empty_list_in_a_filter_matches_nothing(world: QueueWorld) -> None:
    await world.add(world.job_type("t"))
    request = BulkRequest(action="cancel", filter=BulkFilter(types=[]))
    assert (await run_bulk(world.db, world.queue, request, actor="me")).matched == 0


async def test_whether_jobs_are_stale_is_read_from_the_index_of_live_ones(
    world: QueueWorld,
) -> None:
    """Not from the whole job store, of which most is over."""
    plan = await world.db.all(
        f"EXPLAIN QUERY PLAN {cleanup_store.HAS_STALE}", {"before": "", "now": ""}
    )
    (reads,) = [row["detail"] for row in plan if "queue_jobs" in row["detail"]]
    assert reads.endswith("USING INDEX queue_jobs_live")
