"""`GET /queue/stats` counts what is there, whatever became of it since."""

import pytest

from tests.world import BoxWorld


@pytest.fixture(autouse=True)
async def ada(box: BoxWorld) -> None:
    await box.post("/sync", {"users": [{"id": "ada", "timezone": "UTC"}]})


async def stats(box: BoxWorld) -> dict[str, int]:
    found = (await box.get("/queue/stats"))["stats"]
    return {row["status"]: row["count"] for row in found}


async def test_finished_jobs_are_counted_as_they_end_are_taken_up_again_and_go(
    box: BoxWorld,
) -> None:
    days = ("2030-01-01", "2030-01-02")
    jobs = [
        (await box.post("/queue/brief", {"userId": "ada", "briefDate": day}))["jobId"]
        for day in days
    ]
    assert await stats(box) == {"pending": 2}
    for job in jobs:
        await box.post(f"/jobs/{job}/cancel", {})
    assert await stats(box) == {"cancelled": 2}
    await box.post(f"/jobs/{jobs[0]}/retry", {})
    assert await stats(box) == {"pending": 1, "cancelled": 1}
    await box.db.write(lambda tx: tx.execute("DELETE FROM queue_jobs WHERE status = 'cancelled'"))
    assert await stats(box) == {"pending": 1}
