"""`job.updated` and `job.progress` (docs/spec.md#realtime-types)."""

from dataclasses import replace
from pathlib import Path

from buildos_box.briefs.job import GENERATE_DAILY_BRIEF, BriefPayload
from buildos_box.jobs import lease_store
from tests.realtime.streams import FAST, Live, served


async def test_a_jobs_way_is_told_to_its_user_and_ends_with_the_truth(live: Live) -> None:
    await live.world.person("ada")
    await live.world.project("ada")
    async with live.stream("/users/ada/events") as reader:
        job = (await live.world.post("/queue/brief", {"userId": "ada"}))["jobId"]
        first = await reader.event("job.updated")
        await live.world.work()
        news = [await reader.event()]
        while (news[-1].type, news[-1].data.get("status")) != ("job.updated", "completed"):
            news.append(await reader.event())
            if news[-1].data.get("jobId") != job:
                news.pop()
    assert (first.data["jobId"], first.data["status"], first.id) == (job, "pending", None)
    assert first.data["jobType"] == "generate_daily_brief"
    assert first.body["userId"] == "ada"
    assert first.body["correlationId"]


async def test_a_job_that_ran_is_told_of_once_more_at_its_end(tmp_path: Path) -> None:
    """However fast it went through its states, nobody is left with an old one."""
    async with served(tmp_path / "data", limits=replace(FAST, job_seconds=0.05)) as live:
        await live.world.person("ada")
        async with live.stream("/events") as reader:
            job = (await live.world.post("/queue/brief", {"userId": "ada"}))["jobId"]
            await live.world.post(f"/jobs/{job}/cancel")
            states: list[str] = []
            while not states or states[-1] != "cancelled":
                states.append((await reader.event("job.updated")).data["status"])
    assert len(states) <= 2


async def test_progress_is_told_while_the_job_runs(live: Live) -> None:
    await live.world.person("ada")
    await live.world.post("/queue/brief", {"userId": "ada"})
    claimed = await live.world.claim()
    assert claimed is not None
    async with live.stream("/users/ada/events") as reader:
        await live.world.db.write(
            lambda tx: lease_store.set_progress(
                tx,
                claimed.row_id,
                claimed.lease_token,
                '{"current":40,"total":100,"message":"Reading"}',
                live.world.clock.now(),
            )
        )
        event = await reader.event()
    assert (event.type, event.id) == ("job.progress", None)
    assert event.data["progress"] == {"current": 40, "total": 100, "message": "Reading"}
    assert event.data["status"] == "processing"


async def test_nobody_hears_of_anothers_jobs(live: Live) -> None:
    await live.world.person("ada")
    await live.world.person("bob")
    async with live.stream("/users/ada/events") as reader, live.stream("/events") as operator:
        bobs = (await live.world.post("/queue/brief", {"userId": "bob"}))["jobId"]
        assert (await operator.event()).data["jobId"] == bobs
        adas = (await live.world.post("/queue/brief", {"userId": "ada"}))["jobId"]
        assert (await reader.event()).data["jobId"] == adas


async def test_many_jobs_at_once_all_reach_an_operator(live: Live) -> None:
    await live.world.sync(
        users=[{"id": f"u{n}", "email": f"u{n}@example.org", "name": "U"} for n in range(500)]
    )
    box = live.world.box.services
    async with live.stream("/events") as reader:
        await live.world.db.write(
            lambda tx: [
                box.queue.enqueue(
                    tx,
                    GENERATE_DAILY_BRIEF,
                    BriefPayload(user_id=f"u{n}", brief_date="2024-10-23", timezone="UTC"),
                    user_id=f"u{n}",
                )
                for n in range(500)
            ]
        )
        seen = {(await reader.event("job.updated")).body["userId"] for _ in range(500)}
    assert len(seen) == 500
