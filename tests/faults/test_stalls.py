"""Slow, frozen or taken-over work is not done twice (docs/spec.md#long-jobs-run-once)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from buildos_box.clock import from_text, to_text
from buildos_box.settings import load_settings
from tests.faults.box_process import BoxProcess, people, until
from tests.faults.http_gate import Gate, as_mail_webhook, as_only_provider
from tests.faults.user_jobs import BRIEF_JOBS, job_row, live, mail_of, with_a_task
from tests.world import BoxWorld, open_world

SHORT_LEASE = "[queue]\nlease_seconds = 1\nheartbeat_seconds = 0.2\n"
LEASE = timedelta(seconds=60)


def test_a_job_longer_than_its_lease_runs_once_while_it_beats(tmp_path: Path) -> None:
    with (
        Gate(status=503) as gate,
        BoxProcess(tmp_path, config=SHORT_LEASE + as_only_provider(gate)) as box,
    ):
        box.post("/sync", with_a_task("ada"))
        job_id = box.post("/queue/brief", {"userId": "ada"})["jobId"]
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        lease = from_text(job_row(box, job_id)["lease_expires_at"])
        beyond = to_text(lease + timedelta(seconds=1))
        assert until(lambda: job_row(box, job_id)["lease_expires_at"] > beyond, seconds=10)
        assert len(gate.seen) == 1
        gate.open()
        assert until(lambda: job_row(box, job_id)["status"] == "completed", seconds=10)
        assert job_row(box, job_id)["attempts"] == 1


def test_a_process_frozen_past_its_leases_wakes_to_finish_each_job_once(
    tmp_path: Path,
) -> None:
    names = [f"frozen-{n}" for n in range(3)]
    config = SHORT_LEASE + "max_attempts = 9\n" + as_only_provider(gate := Gate(status=503))
    with gate, BoxProcess(tmp_path, config=config) as box:
        box.post("/sync", with_a_task(*names))
        jobs = [box.post("/queue/brief", {"userId": name})["jobId"] for name in names]
        assert until(lambda: len(gate.seen) == len(names), seconds=10)
        box.pause()
        time.sleep(1.5)
        gate.open()
        box.wake()
        assert until(lambda: live(box) == 0, seconds=20)
        assert {job_row(box, job)["status"] for job in jobs} == {"completed"}
        assert gate.most_at_once == len(names)
        assert [mail_of(box, name)["status"] for name in names] == ["sent"] * 3
        assert len(box.mails()) == len(names)
        done = box.rows(
            """SELECT job_id, job_type FROM job_events JOIN queue_jobs ON queue_jobs.id = job_id
                WHERE to_status = 'completed'"""
        )
        assert len(done) == len({row["job_id"] for row in done})
        assert sum(row["job_type"] in BRIEF_JOBS for row in done) == 2 * len(names)


def test_a_mail_in_flight_when_the_process_freezes_leaves_once(tmp_path: Path) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=SHORT_LEASE + as_mail_webhook(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        box.pause()
        time.sleep(1.5)
        gate.open()
        box.wake()
        assert until(lambda: mail_of(box, "ada")["status"] == "sent", seconds=20)
        assert until(lambda: live(box) == 0, seconds=20)
        assert len(gate.seen) == 1


def test_a_mail_whose_answer_the_crash_swallowed_is_repeated_under_its_key_only(
    tmp_path: Path,
) -> None:
    with Gate() as gate, BoxProcess(tmp_path, config=as_mail_webhook(gate)) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/queue/brief", {"userId": "ada"})
        assert until(lambda: len(gate.seen) == 1, seconds=10)
        box.kill()
        gate.open()
        box.start()
        assert until(lambda: mail_of(box, "ada")["status"] == "sent", seconds=20)
        first, second = gate.seen
        assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
        assert first.body == second.body


def test_one_that_hangs_holds_up_none_behind_it(tmp_path: Path) -> None:
    config = "[queue.lanes.llm]\nconcurrency = 2\n" + as_only_provider(gate := Gate(status=503))
    with gate, BoxProcess(tmp_path, config=config) as box:
        box.post("/sync", with_a_task("ada"))
        box.post("/sync", {"users": list(people(10))})
        hangs = box.post("/queue/brief", {"userId": "ada"})["jobId"]
        others = [box.post("/queue/brief", {"userId": one["id"]})["jobId"] for one in people(10)]
        assert until(
            lambda: all(job_row(box, job)["status"] == "completed" for job in others), seconds=20
        )
        assert until(lambda: len(box.mails()) == len(others), seconds=20)
        assert job_row(box, hangs)["status"] == "processing"


async def test_work_taken_over_from_one_that_is_not_dead_waits_until_that_has_stopped(
    tmp_path: Path,
) -> None:
    with Gate(status=503) as gate:
        async with _working(tmp_path, as_only_provider(gate)) as world:
            job_id = (await world.post("/queue/brief", {"userId": "ada"}))["jobId"]
            await _eventually(lambda: len(gate.seen) == 1)
            await _lose_every_lease(world)
            await _until_claimed_again(world, job_id)
            assert len(gate.seen) == 1
            gate.open()
            await _until_all_is_done(world, jobs=2)
            assert gate.most_at_once == 1
            assert (await world.get(f"/jobs/{job_id}"))["status"] == "completed"
            assert len(world.outbox) == 1


async def test_a_mail_taken_over_in_mid_flight_is_not_sent_again(tmp_path: Path) -> None:
    with Gate() as gate:
        async with _working(tmp_path, as_mail_webhook(gate)) as world:
            await world.post("/queue/brief", {"userId": "ada"})
            await _eventually(lambda: len(gate.seen) == 1)
            (mail,) = await world.jobs(types=["generate_brief_email"])
            await _until_only_is_live(world, mail["queue_job_id"])
            await _lose_every_lease(world)
            await _until_claimed_again(world, mail["queue_job_id"])
            gate.open()
            await _until_all_is_done(world, jobs=2)
            assert len(gate.seen) == 1


def test_a_second_serve_on_the_same_folder_is_refused_by_name(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        second = BoxProcess(tmp_path / "second", data=box.data)
        assert second.run_to_its_end() == 1
        said = second.said()
        assert f"another BuildOS Box (process {box.process.pid}) already serves" in said
        assert str(box.data) in said
        assert "Traceback" not in said
        assert box.get("/health")["status"] == "healthy"


def test_a_frozen_box_still_keeps_its_folder_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        box.pause()
        assert BoxProcess(tmp_path / "second", data=box.data).run_to_its_end() == 1
        box.wake()
        box.kill()
        with BoxProcess(tmp_path / "third", data=box.data) as third:
            assert third.get("/health")["status"] == "healthy"


@asynccontextmanager
async def _working(folder: Path, config: str) -> AsyncIterator[BoxWorld]:
    """A box whose engine runs by itself, on a clock moved by hand."""
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(config, "utf-8")
    settings = load_settings(folder / "config.toml", {}).settings
    async with open_world(folder / "data", settings=settings) as world:
        await world.box.start()
        await world.sync(**with_a_task("ada"))
        yield world


async def _lose_every_lease(world: BoxWorld) -> None:
    """Time passes without a beat, as for a process that stood still; then leases are checked."""
    world.clock.advance(LEASE + timedelta(seconds=1))
    assert await asyncio.to_thread(world.box.engine.recover) == 1


async def _until_claimed_again(world: BoxWorld, job_id: str) -> None:
    for _ in range(500):
        job = await world.get(f"/jobs/{job_id}")
        if (job["status"], job["error_code"]) == ("processing", "worker_lost"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(job)


async def _until_all_is_done(world: BoxWorld, *, jobs: int) -> None:
    for _ in range(500):
        rows = await world.jobs()
        done = [row for row in rows if row["completed_at"]]
        if done == rows and sum(row["job_type"] in BRIEF_JOBS for row in rows) == jobs:
            return
        await asyncio.sleep(0.02)
    raise AssertionError([tuple(row) for row in rows])


async def _until_only_is_live(world: BoxWorld, job_id: str) -> None:
    """Let the brief's notifications end, so that there is one lease to lose."""
    for _ in range(500):
        if [row["queue_job_id"] for row in await world.jobs() if not row["completed_at"]] == [
            job_id
        ]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(job_id)


async def _eventually(ready: Callable[[], bool]) -> None:
    assert await asyncio.to_thread(until, ready, seconds=10)
