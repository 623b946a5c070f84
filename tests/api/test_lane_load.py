"""What each lane has to do (docs/spec.md#lane-load), and jobs by their end and in the archive."""

from datetime import timedelta
from typing import Any

from tests.world import BoxWorld

LATER = "2024-10-25T08:00:00Z"


async def lane(box: BoxWorld, name: str) -> Any:
    lanes = (await box.get("/queue/lanes"))["lanes"]
    return next(found for found in lanes if found["name"] == name)


async def brief(box: BoxWorld, user: str, **more: Any) -> str:
    await box.person(user)
    return str((await box.post("/queue/brief", {"userId": user, **more}))["jobId"])


async def test_what_is_due_is_told_apart_from_what_is_for_later(box: BoxWorld) -> None:
    await brief(box, "ada", briefDate="2024-10-23")
    await brief(box, "ada", briefDate="2024-10-24")
    await brief(box, "bo", scheduledFor=LATER)
    box.clock.advance(timedelta(minutes=3))
    llm = await lane(box, "llm")
    assert (llm["waiting"], llm["oldestDue"]) == (2, "2024-10-23T08:00:00.000Z")
    assert (llm["busiestUser"], llm["busiestUserWaiting"]) == ("ada", 2)
    assert (llm["scheduled"], llm["nextDue"]) == (1, "2024-10-25T08:00:00.000Z")
    assert (llm["endedPerMinute"], llm["clearInSeconds"]) == (0.0, None)
    (counts,) = (await box.get("/queue/stats"))["stats"]
    assert (counts["count"], counts["scheduled"]) == (3, 1)


async def five_briefs_of_which_two_are_done(box: BoxWorld) -> None:
    for day in range(1, 6):
        await brief(box, "ada", briefDate=f"2024-11-0{day}")
    for _ in range(2):
        await box.step()


async def test_a_young_backlog_is_estimated_by_the_time_since_it_came_due(box: BoxWorld) -> None:
    await five_briefs_of_which_two_are_done(box)
    llm = await lane(box, "llm")
    assert (llm["waiting"], llm["endedPerMinute"], llm["clearInSeconds"]) == (3, 2.0, 90)
    box.clock.advance(timedelta(minutes=4))
    llm = await lane(box, "llm")
    assert (llm["endedPerMinute"], llm["clearInSeconds"]) == (0.5, 360)


async def test_an_old_backlog_is_estimated_by_the_last_ten_minutes(box: BoxWorld) -> None:
    await five_briefs_of_which_two_are_done(box)
    box.clock.advance(timedelta(minutes=15))
    await box.step()
    box.clock.advance(timedelta(minutes=5))
    llm = await lane(box, "llm")
    assert (llm["waiting"], llm["endedPerMinute"], llm["clearInSeconds"]) == (2, 0.1, 1200)


async def test_a_lane_in_which_nothing_waits_has_the_rate_of_ten_minutes(box: BoxWorld) -> None:
    await brief(box, "ada")
    await box.step()
    llm = await lane(box, "llm")
    assert (llm["endedPerMinute"], llm["clearInSeconds"]) == (0.1, 0)


async def test_a_paused_lane_is_not_estimated(box: BoxWorld) -> None:
    await five_briefs_of_which_two_are_done(box)
    await box.post("/queue/pause", {"lane": "llm"})
    assert (await lane(box, "llm"))["clearInSeconds"] is None
    assert (await lane(box, "sms"))["clearInSeconds"] == 0


async def test_jobs_are_listed_by_when_they_ended(box: BoxWorld) -> None:
    first = await brief(box, "ada")
    await box.work()
    box.clock.advance(timedelta(minutes=10))
    second = await brief(box, "bo")
    await box.work()

    async def ended(query: str) -> list[str]:
        jobs = (await box.get(f"/jobs?type=generate_daily_brief&{query}"))["jobs"]
        return [job["id"] for job in jobs]

    assert await ended("endedSince=2024-10-23T08:10:00Z") == [second]
    assert await ended("endedUntil=2024-10-23T08:10:00Z") == [first]
    assert await ended("endedSince=2024-10-23T07:00:00Z") == [second, first]
    everything = await box.get("/jobs?endedSince=2024-10-23T08:10:00Z")
    assert {job["completed_at"][:16] for job in everything["jobs"]} == {"2024-10-23T08:10"}
    assert (await box.call("GET", "/jobs?endedSince=soon")).status_code == 422


async def test_the_archive_is_searched_like_the_job_store(box: BoxWorld) -> None:
    await box.person("ada")
    request = {"userId": "ada", "phoneNumber": "+14155552671", "message": "Hi"}
    ids = []
    for text in "ab":
        ids.append((await box.post("/queue/sms", {**request, "message": text}))["jobId"])
        box.clock.advance(timedelta(seconds=1))
    await box.work()
    box.clock.advance(timedelta(days=8))
    await box.post("/queue/cleanup", {})
    assert (await box.get("/jobs?type=send_sms"))["jobs"] == []
    page = await box.get("/jobs?archived=true&limit=1")
    assert [job["id"] for job in page["jobs"]] == [ids[1]]
    rest = await box.get(f"/jobs?archived=true&limit=1&cursor={page['nextCursor']}")
    assert [job["id"] for job in rest["jobs"]] == [ids[0]]
    for query, count in (
        ("type=send_sms&status=failed&text=NOT%20CONFIGURED", 2),
        ("user=ada", 2),
        ("user=bo", 0),
        ("type=", 0),
        ("text=elsewhere", 0),
        ("until=2024-10-22T00:00:00Z", 0),
    ):
        if "bo" in query:
            await box.person("bo")
        assert len((await box.get(f"/jobs?archived=true&{query}"))["jobs"]) == count, query
    token = await box.token_for("user:bo")
    assert (await box.get("/jobs?archived=true", token=token))["jobs"] == []
