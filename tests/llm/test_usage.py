"""What language models cost is told per day, person and purpose."""

import pytest

from buildos_box.llm import store
from tests.doubles import llm as double
from tests.llm.conftest import GOOD, ChainWorld
from tests.world import BoxWorld


async def spend(box: BoxWorld, user_id: str, purpose: str, cost: float) -> None:
    call = store.Call(
        job_id=None,
        user_id=user_id,
        correlation_id=None,
        purpose=purpose,
        provider="deepseek",
        model="chat",
        outcome="ok",
        http_status=200,
        tokens_in=1000,
        tokens_out=100,
        cost_usd=cost,
        latency_ms=5,
    )
    await box.db.write(lambda tx: store.record(tx, call, box.clock.now()))


async def test_costs_are_told_by_day_person_purpose_and_provider(box: BoxWorld) -> None:
    box.clock.set("2024-10-22T23:59:59Z")
    await spend(box, "ada", "brief_analysis", 0.5)
    box.clock.set("2024-10-23T00:00:00Z")
    await spend(box, "ada", "phases", 0.25)
    await spend(box, "bob", "phases", 0.125)

    usage = await box.get("/llm/usage")

    assert usage["total"] == {
        "calls": 3,
        "ok": 3,
        "tokensIn": 3000,
        "tokensOut": 300,
        "costUsd": 0.875,
    }
    costs = {
        key: [(part["name"], part["costUsd"]) for part in usage[key]]
        for key in ("byDay", "byUser", "byPurpose", "byProvider")
    }
    assert costs == {
        "byDay": [("2024-10-22", 0.5), ("2024-10-23", 0.375)],
        "byUser": [("ada", 0.75), ("bob", 0.125)],
        "byPurpose": [("brief_analysis", 0.5), ("phases", 0.375)],
        "byProvider": [("deepseek:chat", 0.875)],
    }
    assert usage["budget"]["spentUsd"] == 0.375, "today's alone"
    one_day = await box.get("/llm/usage?from=2024-10-22&to=2024-10-22")
    assert one_day["total"]["calls"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=2024-02-30", "from"), ("to=x", "to"), ("from=2024-10-24&to=2024-10-23", "from")],
)
async def test_days_that_cannot_be_are_named(box: BoxWorld, query: str, field: str) -> None:
    answer = await box.call("GET", f"/llm/usage?{query}")
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field


async def test_a_persons_token_does_not_see_what_others_cost(box: BoxWorld) -> None:
    await box.person("ada")
    token = await box.token_for("user:ada")
    assert (await box.call("GET", "/llm/usage", token=token)).status_code == 403


async def test_a_deleted_user_leaves_the_cost_of_their_calls_and_no_word(llm: ChainWorld) -> None:
    llm.build("first", store_prompts=True)
    llm.first.default(double.ok(GOOD))
    for user in ("ada", "bob"):
        await llm.ask(user_id=user)
    await llm.db.write(lambda tx: store.erase_calls_of(tx, "ada"))
    assert [call["user_id"] for call in await llm.calls()] == [None, "bob"]
    kept = await llm.db.all(
        "SELECT c.user_id FROM llm_prompts p JOIN llm_calls c ON c.id = p.call_id"
    )
    assert [row["user_id"] for row in kept] == ["bob"]
