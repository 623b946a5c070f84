"""The past of the queue and of language models over HTTP (docs/spec.md#queue-history)."""

from datetime import timedelta

import pytest

from buildos_box.llm import history_store
from tests.world import BoxWorld

PATHS = ("/queue/history", "/llm/history")


async def test_the_last_hour_is_told_minute_by_minute(box: BoxWorld) -> None:
    await box.person("ada")
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    found = await box.get("/queue/history?by=type")
    assert (found["from"], found["to"], found["step"]) == (
        "2024-10-23T07:00:00.000Z",
        "2024-10-23T08:00:00.000Z",
        60,
    )
    assert found["series"] == []  # the present minute begins where the span ends
    box.clock.advance(timedelta(seconds=1))
    (brief,) = [
        one
        for one in (await box.get("/queue/history?by=type"))["series"]
        if one["name"] == "generate_daily_brief"
    ]
    assert brief["done"] == [0] * 60 + [1]
    assert brief["runP50Ms"][-1] is not None
    assert brief["runP50Ms"][0] is None


async def test_users_are_told_by_the_day(box: BoxWorld) -> None:
    await box.person("ada")
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    path = "/queue/history?by=user&step=86400"
    (ada,) = (await box.get(path))["series"]
    done = (await box.get("/users/ada/jobs?status=completed"))["jobs"]
    assert (ada["name"], sum(ada["done"]), ada["runP50Ms"][0]) == ("ada", len(done), None)


async def test_costs_of_language_models_are_told_by_purpose_and_model(box: BoxWorld) -> None:
    for purpose, cost in (("brief", 0.25), ("brief", 0.5), ("sms", 0.125)):
        await box.db.write(
            lambda tx, purpose=purpose, cost=cost: history_store.add(
                tx, box.clock.now(), purpose=purpose, model="a:b", failed=purpose == "sms",
                tokens=10, cost_usd=cost,
            )
        )  # fmt: skip
    box.clock.advance(timedelta(minutes=1))
    told = (await box.get("/llm/history?by=purpose"))["series"]
    assert [(one["name"], sum(one["costUsd"]), sum(one["failed"])) for one in told] == [
        ("brief", 0.75, 0),
        ("sms", 0.125, 1),
    ]
    (model,) = (await box.get("/llm/history?by=model&step=3600"))["series"]
    assert (model["name"], sum(model["calls"]), sum(model["tokens"])) == ("a:b", 3, 30)
    (whole,) = (await box.get("/llm/history"))["series"]
    assert whole["name"] == "all"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2024-10-23T09:00:00", "to"),
        ("from=2024-10-24T00:00:00Z", "from"),
        ("step=90", "step"),
        ("from=2024-01-01T00:00:00Z", "step"),
    ],
)
async def test_an_impossible_span_is_refused_by_name(
    box: BoxWorld, path: str, query: str, field: str
) -> None:
    answer = await box.call("GET", f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field


@pytest.mark.parametrize("path", PATHS)
async def test_only_operators_may_look(box: BoxWorld, path: str) -> None:
    await box.person("ada")
    answer = await box.call("GET", path, token=await box.token_for("user:ada"))
    assert answer.status_code == 403
    viewer = await box.token_for("viewer")
    assert (await box.call("GET", path, token=viewer)).status_code == 200
