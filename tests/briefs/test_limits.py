"""How many briefs and jobs requests may have done for one user in a day."""

from pathlib import Path

import pytest

from buildos_box.settings import LimitsSettings, Settings
from tests.world import BoxWorld, open_world

FORCED = {"userId": "ada", "forceRegenerate": True}


@pytest.mark.parametrize("scope", ["user:ada", "service"])
async def test_a_user_has_only_so_many_briefs_written_in_a_day(box: BoxWorld, scope: str) -> None:
    await box.person()
    token = await box.token_for(scope)
    statuses = []
    for _ in range(22):
        answer = await box.call("POST", "/queue/brief", FORCED, token=token)
        statuses.append(answer.status_code)
        await box.work()
    assert statuses == [200] * 20 + [429] * 2
    assert "limits.briefs_per_day (20)" in answer.json()["error"]
    assert answer.headers["Retry-After"] == str(16 * 3600), "the next midnight, UTC"
    live = [job for job in await box.jobs() if job["job_type"] == "generate_daily_brief"]
    assert len(live) == 20, "what was refused has left nothing"
    assert (await box.call("POST", "/queue/brief", FORCED)).status_code == 200, "an admin may"
    box.clock.set("2024-10-24T00:00:00Z")
    assert (await box.call("POST", "/queue/brief", FORCED, token=token)).status_code == 200


async def test_other_days_count_as_well_and_repetitions_do_not(tmp_path: Path) -> None:
    settings = Settings(limits=LimitsSettings(briefs_per_day=3))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        token = await box.token_for("user:ada")
        same = {"userId": "ada", "briefDate": "2024-10-20"}
        for _ in range(5):
            assert (await box.call("POST", "/queue/brief", same, token=token)).status_code == 200
        statuses = [
            (
                await box.call(
                    "POST",
                    "/queue/brief",
                    {"userId": "ada", "briefDate": f"2024-10-{day}"},
                    token=token,
                )
            ).status_code
            for day in (10, 11, 12, 13)
        ]
        assert statuses == [200, 200, 429, 429]


async def test_requests_for_work_are_limited_whatever_the_work(tmp_path: Path) -> None:
    settings = Settings(limits=LimitsSettings(jobs_per_day=3))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        await box.person("bob")
        token = await box.token_for("user:ada")
        context = {
            "userId": "ada",
            "userContext": {"name": "Ada"},
            "options": {"forceRegenerate": True},
        }
        await box.post("/queue/onboarding", context, token=token)
        keyed = {"Idempotency-Key": "once"}
        brief = {"userId": "ada"}
        for _ in range(3):
            await box.post("/queue/brief", brief, token=token, headers=keyed)
        (job,) = [j for j in await box.jobs() if j["job_type"] == "generate_daily_brief"]
        job_id = job["queue_job_id"]
        await box.post(f"/jobs/{job_id}/cancel", token=token)
        await box.post(f"/jobs/{job_id}/retry", token=token)
        await box.post(f"/jobs/{job_id}/cancel", token=token)
        for path, body in (
            (f"/jobs/{job_id}/retry", None),
            ("/queue/brief", FORCED),
            ("/queue/onboarding", context),
        ):
            answer = await box.call("POST", path, body, token=token)
            assert answer.status_code == 429, path
            assert "limits.jobs_per_day" in answer.json()["error"]
        repeated = await box.call("POST", "/queue/brief", brief, token=token, headers=keyed)
        assert repeated.status_code == 200, "what was done is answered again"
        assert (await box.get(f"/jobs/{job_id}"))["status"] == "cancelled"
        bob = await box.token_for("user:bob")
        assert (await box.call("POST", "/queue/brief", {"userId": "bob"}, token=bob)).is_success
