"""A language model answers in the person's language, or the built-in text stands (#llm-language).

Through the real client, to a server on loopback.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import LlmSettings, ProviderSettings, Settings
from tests.doubles.llm import LlmDouble, ok
from tests.world import BoxWorld, open_world

SUMMARY = {
    "en": "You have one thing to do.",
    "de": "Heute ist nur eine Sache zu tun.",
    "names": "Nextcloud, BuildOS, Ada Lovelace.",
}


@pytest.fixture
def double() -> Iterator[LlmDouble]:
    with LlmDouble() as server:
        yield server


@pytest.fixture
async def german(tmp_path: Path, double: LlmDouble) -> AsyncIterator[BoxWorld]:
    provider = ProviderSettings(name="double", base_url=double.url, model="m")
    settings = Settings(llm=LlmSettings(providers=(provider,)))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        await box.call("PATCH", "/users/ada", {"locale": "de-AT"})
        await box.project(name="What to do with the house", tasks=2)
        yield box


def brief(kind: str) -> Any:
    return ok({"summary": SUMMARY[kind], "priorities": []})


async def written(box: BoxWorld) -> dict[str, Any]:
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    made: dict[str, Any] = await box.get("/users/ada/briefs/2024-10-23")
    return made


async def outcomes(box: BoxWorld) -> list[str]:
    rows = await box.db.all("SELECT outcome FROM llm_calls WHERE provider = 'double' ORDER BY id")
    return [row["outcome"] for row in rows]


async def test_the_second_answer_is_used_if_it_is_in_the_language(
    german: BoxWorld, double: LlmDouble
) -> None:
    double.script(brief("en"), brief("de"))
    made = await written(german)
    assert made["analysisSource"] == "double:m"
    assert "nur eine Sache zu tun" in made["summaryContent"]
    assert await outcomes(german) == ["wrong_language", "ok"]
    assert "must be in German (Austria)" in double.requests[1].prompt


async def test_twice_in_another_language_and_the_rules_word_the_brief(
    german: BoxWorld, double: LlmDouble
) -> None:
    double.default(brief("en"))
    made = await written(german)
    assert (made["analysisSource"], made["whyBuiltIn"]) == ("builtin", "unavailable")
    assert "You have" not in made["summaryContent"]
    assert len(double.requests) == 2


async def test_who_reads_the_models_language_still_gets_its_words(
    german: BoxWorld, double: LlmDouble
) -> None:
    """The model of one German person is not taken for a server that is down."""
    double.default(brief("en"))
    for _ in range(6):
        await german.post(
            "/queue/brief",
            {"userId": "ada", "briefDate": "2024-10-23", "forceRegenerate": True},
        )
        await german.work()
    await german.call("PATCH", "/users/ada", {"locale": "en-GB"})
    await german.post(
        "/queue/brief", {"userId": "ada", "briefDate": "2024-10-23", "forceRegenerate": True}
    )
    await german.work()
    assert (await german.get("/users/ada/briefs/2024-10-23"))["analysisSource"] == "double:m"


async def test_names_alone_are_not_refused(german: BoxWorld, double: LlmDouble) -> None:
    double.default(brief("names"))
    made = await written(german)
    assert made["analysisSource"] == "double:m"
    assert "Ada Lovelace" in made["summaryContent"]


def phases(name: str, description: str) -> Any:
    return ok(
        {"phases": [{"name": name, "description": description, "task_ids": ["t1", "t2"]}]},
    )


RIGHT = phases("Das Haus ist leer", "Hier geht es um das, was vor dem Umzug zu tun ist.")
WRONG = phases("The house is empty", "This is about what has to be done before you move.")


@pytest.mark.parametrize(
    ("answers", "source"),
    [
        ((WRONG, RIGHT), "double:m"),
        ((WRONG, WRONG), "builtin"),
        ((phases("What to do with the house", ""),), "double:m"),
    ],
)
async def test_phases_too(
    german: BoxWorld, double: LlmDouble, answers: tuple[Any, ...], source: str
) -> None:
    double.script(*answers)
    (project,) = (await german.get("/users/ada/projects"))["items"]
    await german.post("/queue/phases", {"userId": "ada", "projectId": project["id"]})
    await german.work()
    assert "German (Austria)" in double.requests[0].prompt
    made = await german.get(f"/projects/{project['id']}/phases")
    assert made["plan"]["source"] == source
    if source == "builtin":
        assert made["phases"][0]["name"].endswith("und 1 weitere")


def analysis(insight: str) -> Any:
    return ok(
        {
            "insights": [insight],
            "workflow_optimizations": [],
            "recommended_features": [],
            "best_practices": [],
        }
    )


@pytest.mark.parametrize(("second", "source"), [("de", "double:m"), ("en", "builtin")])
async def test_and_onboarding(
    german: BoxWorld, double: LlmDouble, second: str, source: str
) -> None:
    double.script(analysis(SUMMARY["en"]), analysis(SUMMARY[second]))
    context = {"goals": ["Get the house ready for what is to come"]}
    await german.post("/queue/onboarding", {"userId": "ada", "userContext": context})
    await german.work()
    assert "in German (Austria)" in double.requests[0].prompt
    made = await german.get("/users/ada/onboarding")
    assert made["source"] == source
    assert "You have" not in str(made["analysis"])
