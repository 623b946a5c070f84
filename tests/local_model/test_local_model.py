"""A real small model on this machine writes a brief, phases and an onboarding analysis.

Runs where `LOCAL_LLM_URL` names an OpenAI-compatible server, and is skipped elsewhere:

    llama-server -m model.gguf -c 8192 --port 8080    # llama.cpp; or: ollama serve
    LOCAL_LLM_URL=http://127.0.0.1:8080/v1 python -m pytest tests/local_model -rA

`LOCAL_LLM_MODEL` is the model's name where the server has several (Ollama: `qwen3:4b`).
What a weak model says may be poor; what the box makes of it has to be whole all the same.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from buildos_box.llm.check import check
from buildos_box.settings import LlmSettings, ProviderSettings, Settings
from tests.world import BoxWorld, open_world

URL = os.environ.get("LOCAL_LLM_URL", "")
MODEL = os.environ.get("LOCAL_LLM_MODEL", "default")
SOURCE = f"local:{MODEL}"
SECONDS = 1200.0

pytestmark = pytest.mark.skipif(
    not URL, reason="LOCAL_LLM_URL names no OpenAI-compatible server with a model"
)


@pytest.fixture
def local() -> ProviderSettings:
    return ProviderSettings(name="local", base_url=URL, model=MODEL, timeout_seconds=SECONDS)


@pytest.fixture
async def world(tmp_path: Path, local: ProviderSettings) -> AsyncIterator[BoxWorld]:
    """Ada renovates her bathroom; laying waits for the tiles, painting for laying."""
    async with open_world(tmp_path, settings=Settings(llm=LlmSettings(providers=(local,)))) as box:
        await box.person()
        titles = {"tiles": "Order tiles", "lay": "Lay the tiles", "paint": "Paint the ceiling"}
        await box.sync(
            projects=[{"id": "bath", "userId": "ada", "name": "Bathroom"}],
            tasks=[
                {"id": key, "projectId": "bath", "title": title, "dueDate": f"2024-10-{day}"}
                for day, (key, title) in enumerate(titles.items(), start=22)
            ],
            taskDependencies=[
                {"taskId": "lay", "dependsOnId": "tiles"},
                {"taskId": "paint", "dependsOnId": "lay"},
            ],
        )
        yield box


async def assert_it_was_asked(box: BoxWorld, purpose: str) -> None:
    calls = await box.db.all("SELECT * FROM llm_calls WHERE purpose = ?", (purpose,))
    good = [call for call in calls if call["outcome"] == "ok"]
    assert len(good) == 1, [dict(call) for call in calls]
    assert good[0]["tokens_in"] > 0
    assert good[0]["tokens_out"] > 0


async def test_it_is_well(local: ProviderSettings) -> None:
    (seen,) = await check([local], longest_seconds=SECONDS)
    assert seen.ok, seen.words


async def test_it_writes_a_brief(world: BoxWorld) -> None:
    await world.post("/queue/brief", {"userId": "ada"})
    await world.work()
    brief = await world.get("/users/ada/briefs/2024-10-23")
    assert (brief["analysisSource"], brief["whyBuiltIn"]) == (SOURCE, None)
    assert brief["llmAnalysis"].strip()
    assert {action["ref_id"] for action in brief["priorityActions"]} <= {
        "tiles",
        "lay",
        "paint",
        "bath",
    }
    assert "Order tiles" in brief["summaryContent"]
    (mail,) = world.outbox
    assert mail["To"] == "ada@example.org"
    await assert_it_was_asked(world, "brief_analysis")


async def test_it_plans_phases(world: BoxWorld) -> None:
    await world.post("/queue/phases", {"userId": "ada", "projectId": "bath"})
    await world.work()
    seen = await world.get("/projects/bath/phases")
    assert (seen["plan"]["source"], seen["plan"]["whyBuiltIn"]) == (SOURCE, None)
    at: dict[str, int] = {t: p["order"] for p in seen["phases"] for t in p["taskIds"]}
    assert sorted(t for p in seen["phases"] for t in p["taskIds"]) == ["lay", "paint", "tiles"]
    assert at["tiles"] <= at["lay"] <= at["paint"]
    await assert_it_was_asked(world, "project_phases")


async def test_it_analyses_a_new_person(world: BoxWorld) -> None:
    context: dict[str, Any] = {
        "name": "Ada",
        "description": "I design engines and get distracted by every message.",
        "goals": ["Ship the analytical engine"],
        "challenges": ["I forget deadlines"],
    }
    await world.post("/queue/onboarding", {"userId": "ada", "userContext": context})
    await world.work()
    seen = await world.get("/users/ada/onboarding")
    assert (seen["source"], seen["whyBuiltIn"]) == (SOURCE, None)
    analysis = seen["analysis"]
    assert all(analysis[part] for part in analysis)
    await assert_it_was_asked(world, "onboarding_analysis")
