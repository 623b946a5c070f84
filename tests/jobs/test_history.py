"""The queue's past by step (docs/spec.md#queue-history)."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.large_job_store import fill
from buildos_box.app import DATABASE_FILE
from buildos_box.clock import Instant, SystemClock, to_text
from buildos_box.db import Database, Tx
from buildos_box.errors import PermanentError, TransientError, Unprocessable
from buildos_box.jobs import history_store
from buildos_box.jobs.cleanup import Thresholds, clean_up
from buildos_box.jobs.erasure_store import erase_jobs_of
from buildos_box.jobs.history import By, Series, Span, history, oldest_kept, roll_up
from tests.jobs.conftest import QueueWorld

HOUR = timedelta(hours=1)


async def series(
    world: QueueWorld, by: By = "all", *, step: int = 60, since: timedelta = HOUR
) -> dict[str, Series]:
    now = world.clock.now()
    found = await history(world.db, Span.between(now - since, now + HOUR, step), by)
    return {one.name: one for one in found.series}


def summed(one: Series) -> tuple[int, int, int, int]:
    return sum(one.done), sum(one.failed), sum(one.retried), sum(one.cancelled)


async def test_every_end_of_an_attempt_is_counted_by_type_and_lane(world: QueueWorld) -> None:
    brief, mail = world.job_type("brief", lane="llm"), world.job_type("mail", lane="email")

    async def behave(job: Any) -> None:
        if job.payload.name == "broken":
            raise PermanentError("no")
        if job.payload.name == "shaky":
            raise TransientError("later")

    world.behaviour = behave
    for name in ("fine", "broken", "shaky"):
        await world.add(brief, name)
    await world.add(mail, "fine")
    cancelled = await world.add(mail, "unwanted")
    await world.db.write(lambda tx: world.queue.cancel(tx, cancelled, reason="no", actor="me"))
    await world.run_all()
    assert {n: summed(s) for n, s in (await series(world, "type")).items()} == {
        "brief": (1, 1, 1, 0),
        "mail": (1, 0, 0, 1),
    }
    assert {n: summed(s) for n, s in (await series(world, "lane")).items()} == {
        "llm": (1, 1, 1, 0),
        "email": (1, 0, 0, 1),
    }
    assert summed((await series(world))["all"]) == (2, 1, 1, 1)


async def test_a_step_holds_what_ended_in_it(world: QueueWorld) -> None:
    work = world.job_type("work")
    for _ in range(3):
        await world.add(work)
        await world.run_all()
        world.clock.advance(timedelta(minutes=1))
    now = world.clock.now()
    span = Span.between(now - timedelta(minutes=4), now, 60)
    (found,) = (await history(world.db, span, "all")).series
    assert found.done == [0, 1, 1, 1]
    (hourly,) = (await history(world.db, Span.between(now - HOUR, now, 3600), "all")).series
    assert sum(hourly.done) == 3


async def test_waits_and_durations_are_told_as_percentiles(world: QueueWorld) -> None:
    work = world.job_type("work", lane="email")

    async def take_long(_job: Any) -> None:
        world.clock.advance(timedelta(milliseconds=400))

    world.behaviour = take_long
    for _ in range(19):
        await world.add(work)
    world.clock.advance(timedelta(seconds=10))
    await world.run_all()
    (found,) = (await series(world)).values()
    runs = [ms for ms in found.run_p50_ms if ms is not None]
    waits = [ms for ms in found.wait_p95_ms if ms is not None]
    assert all(350 <= ms <= 450 for ms in runs)
    assert all(8_700 <= ms <= 20_000 for ms in waits)
    assert None in found.run_p50_ms


@pytest.mark.parametrize("ms", [2, 7, 13, 29, 39, 64, 99, 390, 799, 3_900, 31_700, 98_765])
async def test_a_duration_is_told_to_within_an_eighth(world: QueueWorld, ms: int) -> None:
    async def run(_job: Any) -> None:
        world.clock.advance(timedelta(milliseconds=ms))

    world.behaviour = run
    await world.add(world.job_type("work"))
    await world.run_all()
    (found,) = (await series(world)).values()
    (told,) = [one for one in found.run_p50_ms if one is not None]
    assert abs(told - ms) <= max(1, ms / 8)


@pytest.mark.parametrize(
    ("waited", "ran", "wait_ms", "run_ms"),
    [
        (timedelta(days=60), timedelta(milliseconds=2), 10**9, 2),
        (timedelta(milliseconds=2), timedelta(days=60), 2, 10**9),
        (timedelta(days=60), timedelta(days=60), 10**9, 10**9),
        (timedelta(hours=3), timedelta(seconds=-5), 10_800_000, 1),
        (timedelta(hours=3), timedelta(minutes=7), 10_800_000, 420_000),
    ],
)
async def test_a_very_long_wait_and_a_clock_set_back_stay_apart_from_the_other_duration(
    world: QueueWorld, waited: timedelta, ran: timedelta, wait_ms: int, run_ms: int
) -> None:
    async def run(_job: Any) -> None:
        world.clock.advance(ran)

    world.behaviour = run
    await world.add(world.job_type("work"))
    world.clock.advance(waited)
    await world.run_all()
    (found,) = (await series(world, since=3 * HOUR)).values()
    (wait,) = (ms for ms in found.wait_p50_ms if ms is not None)
    (ran_for,) = (ms for ms in found.run_p50_ms if ms is not None)
    assert [wait, ran_for] == pytest.approx([wait_ms, run_ms], rel=0.13)


async def test_nothing_is_counted_twice(world: QueueWorld) -> None:
    work = world.job_type("work")
    for _ in range(3):
        await world.add(work)
        await world.run_all()
        await roll_up(world.db)
    after, upto = await history_store.unread(world.db)
    assert after == upto
    assert summed((await series(world))["all"]) == (3, 0, 0, 0)


async def test_a_page_that_is_written_again_is_counted_once(world: QueueWorld) -> None:
    """Its commit fails because of another transaction in it, and is repeated."""
    work = world.job_type("work")
    await world.add(work)
    await world.run_all()
    await roll_up(world.db)
    await world.add(work)
    await world.run_all()
    go_on = threading.Event()
    world.db.submit(lambda _tx: go_on.wait(10))  # so that what follows waits, and is one group
    adding = asyncio.create_task(roll_up(world.db))
    await asyncio.sleep(0.3)

    def fail(_tx: Tx) -> None:
        raise PermanentError("no")

    failed = world.db.submit(fail)
    go_on.set()
    await adding
    assert isinstance(failed.exception(10), PermanentError)
    assert summed((await series(world))["all"]) == (2, 0, 0, 0)


@pytest.mark.parametrize(("apart", "pages"), [(0.01, 1), (3.0, 1), (30.0, 3)])
async def test_a_long_past_is_added_up_in_several_pages(
    tmp_path: Path, apart: float, pages: int
) -> None:
    """1,000 jobs with some 3,000 events: of seconds, of 50 minutes, of eight hours."""
    await asyncio.to_thread(fill, tmp_path / "data", 1_000, apart=apart)
    db = await Database.open(tmp_path / "data" / DATABASE_FILE, SystemClock())
    before = db.commits
    await roll_up(db)
    after, newest = await history_store.unread(db)
    commits = db.commits - before
    await db.close()
    assert after == newest > 1_000
    assert commits == pages


async def test_two_who_add_up_at_once_count_once(world: QueueWorld) -> None:
    await world.add(world.job_type("work"))
    await world.run_all()
    after, upto = await history_store.unread(world.db)
    assert await world.db.write(lambda tx: history_store.move_cursor(tx, after, upto))
    assert not await world.db.write(lambda tx: history_store.move_cursor(tx, after, upto))


async def test_numbers_survive_a_cleanup_also_those_of_users(world: QueueWorld) -> None:
    work = world.job_type("work")
    for user in ("ada", "ada", "bo"):
        await world.add(work, user_id=user)
        await world.run_all()
    world.clock.advance(timedelta(days=31))
    await clean_up(world.db, world.queue, world.clock, Thresholds(), actor="me")
    assert await world.db.all("SELECT * FROM queue_jobs") == []
    users = await series(world, "user", step=86_400, since=timedelta(days=40))
    assert {name: summed(one) for name, one in users.items()} == {
        "ada": (2, 0, 0, 0),
        "bo": (1, 0, 0, 0),
    }
    await world.add(work, user_id="bo")  # its events take ids that were used before
    await world.run_all()
    assert summed((await series(world, "user", step=86_400))["bo"]) == (1, 0, 0, 0)


async def test_the_users_with_the_most_ends_of_any_kind_are_told(world: QueueWorld) -> None:
    work = world.job_type("work")

    async def fail(job: Any) -> None:
        if job.payload.name == "broken":
            raise PermanentError("no")

    world.behaviour = fail
    for user, name in (("ada", "fine"), ("ada", "fine"), *[("bo", "broken")] * 3, ("cem", "fine")):
        await world.add(work, name, user_id=user)
        await world.run_all()
    await roll_up(world.db)
    day = int(world.clock.now().timestamp()) // 86_400 * 86_400
    for most, expected in ((1, {"bo"}), (2, {"ada", "bo"}), (9, {"ada", "bo", "cem"})):
        rows = await history_store.users_between(world.db, day, day + 86_400, most)
        assert {row["user_id"] for row in rows} == expected
    assert await history_store.users_between(world.db, day + 1, day + 86_400, 9) == []


async def test_minutes_are_kept_two_days_and_hours_ninety(world: QueueWorld) -> None:
    work = world.job_type("work")
    await world.add(work, user_id="ada")
    await world.run_all()
    await roll_up(world.db)

    async def steps_after(age: timedelta) -> list[int]:
        minutes, hours = oldest_kept(world.clock.now() + age)
        await world.db.write(lambda tx: history_store.forget_before(tx, minutes, hours))
        rows = await world.db.all("SELECT step FROM queue_history ORDER BY step")
        return [row["step"] for row in rows]

    assert await steps_after(timedelta(days=1, hours=23)) == [60, 600, 3600]
    assert await steps_after(timedelta(days=3)) == [3600]
    assert await steps_after(timedelta(days=89)) == [3600]
    assert await steps_after(timedelta(days=91)) == []
    assert await world.db.all("SELECT * FROM queue_history_users") == []


async def test_an_erased_user_has_no_history(world: QueueWorld) -> None:
    await world.add(world.job_type("work"), user_id="ada")
    await world.run_all()
    await roll_up(world.db)
    await world.db.write(lambda tx: erase_jobs_of(tx, "ada", world.clock.now()))
    assert await series(world, "user", step=86_400) == {}


async def test_an_erased_user_does_not_come_back_with_what_was_not_added_up(
    world: QueueWorld,
) -> None:
    work = world.job_type("work")
    for user in ("ada", "bo"):
        await world.add(work, user_id=user)
    await world.run_all()

    await world.db.write(lambda tx: erase_jobs_of(tx, "ada", world.clock.now()))
    assert list(await series(world, "user", step=86_400)) == ["bo"]
    assert summed((await series(world))["all"]) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("since", "step", "by", "field"),
    [
        (HOUR, 90, "all", "step"),
        (timedelta(days=30), 60, "all", "step"),
        (-timedelta(hours=2), 60, "all", "from"),
        (HOUR, 3600, "user", "step"),
    ],
)
async def test_impossible_steps_are_refused_by_name(
    world: QueueWorld, since: timedelta, step: int, by: By, field: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        await series(world, by, step=step, since=since)
    assert [detail.field for detail in refused.value.details] == [field]


def test_steps_begin_at_whole_multiples() -> None:
    at = Instant.fromisoformat("2024-10-23T08:07:31Z")
    span = Span.between(at, at + timedelta(minutes=20), 600)
    assert (span.from_text, span.to_text) == (
        "2024-10-23T08:00:00.000Z",
        "2024-10-23T08:30:00.000Z",
    )
    assert to_text(at) > span.from_text
