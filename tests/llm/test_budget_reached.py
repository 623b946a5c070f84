"""When the day's budget is spent, the box goes on without paying, and everyone can see it."""

from pathlib import Path

from buildos_box.settings import LlmSettings, ProviderSettings, Settings
from tests.doubles.llm import LlmDouble, ok
from tests.world import BoxWorld, open_world

ANALYSIS = {"summary": "A calm day.", "priorities": []}


async def test_a_spent_budget_is_seen_in_the_brief_the_phases_usage_and_health(
    tmp_path: Path,
) -> None:
    with LlmDouble() as double:
        provider = ProviderSettings(
            name="paid", base_url=double.url, model="m", price_in=100.0, price_out=100.0
        )
        llm = LlmSettings(providers=(provider,), daily_budget_usd=0.01)
        async with open_world(tmp_path, settings=Settings(llm=llm)) as box:
            await box.person()
            await box.person("bob")
            project = await box.project()
            await box.project("bob")
            double.default(ok(ANALYSIS))
            assert "warnings" not in await box.get("/health")
            await brief(box, "ada")
            asked = len(double.requests)
            await brief(box, "bob")
            await box.post("/queue/phases", {"userId": "ada", "projectId": project})
            await box.post("/queue/onboarding", {"userId": "ada", "userContext": {"name": "Ada"}})
            await box.work()
            assert len(double.requests) == asked, "nothing more is paid for"
            first, second = await seen(box, "ada"), await seen(box, "bob")
            assert first["analysisSource"] == "paid:m"
            assert first["whyBuiltIn"] is None
            assert (second["analysisSource"], second["whyBuiltIn"]) == ("builtin", "budget")
            assert "today's budget for language models is spent" in second["summaryContent"]
            job = await box.get(f"/jobs/{second['jobId']}")
            assert job["result"]["whyBuiltIn"] == "budget"
            plan = (await box.get(f"/projects/{project}/phases"))["plan"]
            assert (plan["source"], plan["whyBuiltIn"]) == ("builtin", "budget")
            assert (await box.get("/users/ada/onboarding"))["whyBuiltIn"] == "budget"
            usage = await box.get("/llm/usage")
            assert usage["budget"]["reached"] == "usd"
            health = await box.call("GET", "/health")
            assert "budget of US dollars" in health.json()["warnings"][0]
            public = await box.api.get("/health")
            assert "warnings" not in public.json()


async def brief(box: BoxWorld, user_id: str) -> None:
    await box.post("/queue/brief", {"userId": user_id})
    await box.work()


async def seen(box: BoxWorld, user_id: str) -> dict[str, str]:
    found: dict[str, str] = await box.get(f"/users/{user_id}/briefs/2024-10-23")
    return found
