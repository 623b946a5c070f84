"""Crons and the alerts that they raise (docs/spec.md#cron-runs)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import StorageError
from buildos_box.errors import Conflict, NotFound, PermanentError
from buildos_box.jobs import cron_store
from buildos_box.jobs.alerts import check
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.crons import Cron, CronRegistry
from buildos_box.operator_alert import OperatorAlert
from tests.jobs.conftest import QueueWorld, Work

START = from_text("2024-10-23T08:00:00Z")


def hourly(ran: list[str], **options: Any) -> Cron:
    async def run(due: Instant, _box: Any) -> dict[str, str]:
        ran.append(to_text(due)[11:16])
        return {"ran": "well"}

    return Cron(name="hourly", schedule="0 * * * *", does="Counts", run=run, **options)


async def open_registry(world: QueueWorld, cron: Cron) -> CronRegistry:
    registry = CronRegistry(world.db, world.clock, [cron])
    await registry.open()
    return registry


async def tick(registry: CronRegistry, name: str = "hourly") -> None:
    if registry.is_due(name):
        await registry.run_due(name, None)


async def test_a_cron_runs_once_at_each_due_time(world: QueueWorld) -> None:
    ran: list[str] = []
    world.clock.set("2024-10-23T08:30:00Z")
    registry = await open_registry(world, hourly(ran, lookback=timedelta(0)))
    for _ in range(180):
        await tick(registry)
        await tick(registry)
        world.clock.advance(timedelta(minutes=1))
    assert ran == ["09:00", "10:00", "11:00"]


async def test_a_run_missed_while_the_box_was_down_is_made_good_once(world: QueueWorld) -> None:
    ran: list[str] = []
    registry = await open_registry(world, hourly(ran))
    await tick(registry)
    world.clock.set("2024-10-23T13:20:00Z")
    registry = await open_registry(world, hourly(ran))
    await tick(registry)
    await tick(registry)
    assert ran == ["08:00", "13:00"]
    last = (await registry.states())[0].last
    assert last is not None
    assert (last.cause, last.status, last.summary) == ("catch_up", "completed", {"ran": "well"})


async def test_a_run_older_than_the_lookback_is_not_made_good(world: QueueWorld) -> None:
    ran: list[str] = []
    world.clock.set("2024-10-23T13:20:00Z")
    await tick(await open_registry(world, hourly(ran, lookback=timedelta(minutes=10))))
    assert ran == []


async def test_a_clock_that_jumps_ahead_causes_one_run_not_many(world: QueueWorld) -> None:
    ran: list[str] = []
    registry = await open_registry(world, hourly(ran))
    await tick(registry)
    world.clock.set("2024-10-25T08:00:30Z")
    for _ in range(5):
        await tick(registry)
    assert ran == ["08:00", "08:00"]


async def test_a_cron_that_fails_is_recorded_and_runs_again(world: QueueWorld) -> None:
    async def run(_due: Instant, _box: Any) -> None:
        raise RuntimeError("no luck")

    registry = await open_registry(
        world, Cron(name="hourly", schedule="0 * * * *", does="Fails", run=run)
    )
    await tick(registry)
    last = (await registry.states())[0].last
    assert last is not None
    assert (last.status, last.error) == ("failed", "RuntimeError: no luck")
    world.clock.set("2024-10-23T09:00:00Z")
    assert registry.is_due("hourly")


async def test_a_cron_never_runs_beside_itself(world: QueueWorld) -> None:
    async def run(_due: Instant, _box: Any) -> None:
        with pytest.raises(Conflict):
            await registry.run_by_hand("hourly", None, "me")
        assert not registry.is_due("hourly")

    registry = await open_registry(
        world, Cron(name="hourly", schedule="0 * * * *", does="", run=run)
    )
    run_ = await registry.run_by_hand("hourly", None, "me")
    assert (run_.status, run_.cause, run_.actor) == ("completed", "by_hand", "me")


async def test_a_run_whose_process_died_is_closed_as_lost(world: QueueWorld) -> None:
    ran: list[str] = []
    await world.db.write(
        lambda tx: tx.execute(
            """INSERT INTO cron_runs (name, due, cause, actor, started_at, status)
               VALUES ('hourly', '2024-10-23T08:00:00.000Z', 'schedule', 's', 'x', 'running')"""
        )
    )
    await tick(await open_registry(world, hourly(ran)))
    assert ran == ["08:00"]
    rows = await world.db.all("SELECT status FROM cron_runs ORDER BY id")
    assert [row["status"] for row in rows] == ["lost", "completed"]


async def test_an_unknown_cron_cannot_be_run(world: QueueWorld) -> None:
    with pytest.raises(NotFound, match="hourly"):
        await (await open_registry(world, hourly([]))).run_by_hand("daily", None, "me")


async def test_a_spike_of_failures_raises_one_alert(world: QueueWorld) -> None:
    told: list[str] = []
    world.db.subscribe(OperatorAlert, lambda _tx, alert: told.append(alert.message))

    async def behave(_job: Attempt[Work]) -> None:
        raise PermanentError("SMS not configured", code="sms_not_configured")

    world.behaviour = behave
    kind = world.job_type("send_sms")
    for _ in range(5):
        await world.add(kind)
    await world.run_all()
    for _ in range(3):
        await check(world.db, world.clock)
    expected = "5 of 5 send_sms jobs failed in the last 15 minutes: sms_not_configured"
    assert told == [expected]


async def test_a_job_that_waits_too_long_raises_an_alert(world: QueueWorld) -> None:
    await world.add(world.job_type("t"))
    assert (await check(world.db, world.clock)).raised == []
    world.clock.advance(timedelta(minutes=11))
    assert (await check(world.db, world.clock)).raised == ["oldest_runnable"]
    assert (await check(world.db, world.clock)).raised == []
    world.clock.advance(timedelta(hours=1))
    assert (await check(world.db, world.clock)).raised == ["oldest_runnable"]


async def test_an_end_that_a_full_disk_swallowed_does_not_stop_the_cron_for_ever(
    world: QueueWorld,
) -> None:
    ran: list[str] = []
    registry = await open_registry(world, hourly(ran))
    await world.db.write(lambda tx: cron_store.start(tx, "hourly", START, "schedule", "x", START))
    world.clock.set("2024-10-23T09:00:00Z")
    await tick(registry)
    assert ran == ["09:00"]
    rows = await world.db.all("SELECT status FROM cron_runs ORDER BY id")
    assert [row["status"] for row in rows] == ["lost", "completed"]


async def test_a_run_that_found_no_room_to_begin_is_tried_again_soon(world: QueueWorld) -> None:
    ran: list[str] = []
    world.clock.set("2024-10-23T08:30:00Z")
    registry = await open_registry(world, hourly(ran, lookback=timedelta(0)))
    world.clock.set("2024-10-23T09:00:00Z")
    await fill_disk(world, full=True)
    with pytest.raises(StorageError):
        await tick(registry)
    await fill_disk(world, full=False)
    await tick(registry)
    assert ran == []
    world.clock.advance(timedelta(minutes=1))
    await tick(registry)
    assert ran == ["09:00"]


async def fill_disk(world: QueueWorld, *, full: bool) -> None:
    """Real SQLITE_FULL: the file may not grow, and the cron's own pages have no room left."""
    counted = await world.db.one("PRAGMA page_count")
    assert counted is not None
    pages = counted[0] if full else 1_000_000
    await world.db.write(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages:d}") and None)
    while full:
        try:
            await world.db.write(
                lambda tx: cron_store.start(tx, "other", START, "schedule", "x" * 50, START)
            )
        except StorageError:
            return
