"""Whatever a provider does, there is an answer and a record of it (docs/spec.md#llm-chain)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from buildos_box.llm.budget import Limits, limits_of_user
from buildos_box.log import redact
from buildos_box.settings import LimitsSettings, LlmSettings
from tests.doubles import llm as double
from tests.doubles.llm import TOKENS, Behaviour
from tests.llm.conftest import FALLBACK, GOOD, KEY, ChainWorld, Verdict


async def test_the_first_provider_answers_and_nobody_else_is_asked(llm: ChainWorld) -> None:
    llm.first.default(double.ok(GOOD))
    answer = await llm.ask()
    assert (answer.value, answer.source) == (Verdict(mood="calm", tasks=3), "first:first-model")
    assert (answer.tokens_in, answer.tokens_out) == TOKENS
    assert answer.cost_usd == pytest.approx((100 * 1.0 + 20 * 10.0) / 1e6)
    assert llm.second.requests == []
    (row,) = await llm.calls()
    assert (row["purpose"], row["job_id"], row["user_id"]) == ("test", "job-1", "ada")
    assert (row["model"], row["outcome"], row["http_status"]) == ("first-model", "ok", 200)
    assert (row["tokens_in"], row["tokens_out"]) == TOKENS


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (double.status(500), "http_error"),
        (double.status(503), "http_error"),
        (double.status(401), "auth_error"),
        (double.status(403), "auth_error"),
        (double.rate_limited(120), "rate_limited"),
        (double.not_json(), "invalid_json"),
        (double.nested(), "invalid_json"),
        (double.hangs_up(), "connect_error"),
        (double.hang(), "timeout"),
        (double.drip(), "timeout"),
        (double.huge(), "too_large"),
    ],
    ids=lambda value: value.name if isinstance(value, Behaviour) else value,
)
async def test_when_one_fails_the_next_takes_over(
    llm: ChainWorld, behaviour: Behaviour, outcome: str
) -> None:
    if outcome == "timeout":
        llm.build(timeout=1.0)
    llm.first.default(behaviour)
    llm.second.default(double.ok(GOOD))
    answer = await llm.ask()
    assert answer.source == "second:second-model"
    assert await llm.outcomes() == [("first", outcome), ("second", "ok")]
    assert len(llm.first.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (double.garbage(), "invalid_json"),
        (double.says('{"more": ' + "[" * 5_000), "invalid_json"),
        (double.wrong_schema(), "invalid_schema"),
    ],
)
async def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_the_fault_named(
    llm: ChainWorld, behaviour: Behaviour, outcome: str
) -> None:
    llm.first.script(behaviour, double.ok(GOOD))
    answer = await llm.ask()
    assert (answer.value.mood, answer.tokens_in) == ("calm", 2 * TOKENS[0])
    assert await llm.outcomes() == [("first", outcome), ("first", "ok")]
    roles = [message["role"] for message in llm.first.requests[1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert outcome in llm.first.requests[1].body["messages"][-1]["content"]


async def test_who_gets_it_wrong_twice_is_left_for_the_next(llm: ChainWorld) -> None:
    llm.first.default(double.wrong_schema())
    llm.second.default(double.ok(GOOD))
    assert (await llm.ask()).source == "second:second-model"
    assert await llm.outcomes() == [
        ("first", "invalid_schema"),
        ("first", "invalid_schema"),
        ("second", "ok"),
    ]


async def test_an_answer_in_a_code_fence_is_an_answer(llm: ChainWorld) -> None:
    llm.first.default(double.fenced(GOOD))
    assert (await llm.ask()).value.tasks == 3
    assert len(llm.first.requests) == 1


async def test_when_all_fail_the_fallback_answers_and_that_is_told(llm: ChainWorld) -> None:
    answer = await llm.ask()
    assert (answer.value, answer.is_builtin) == (FALLBACK, True)
    assert await llm.outcomes() == [
        ("first", "http_error"),
        ("second", "http_error"),
        ("builtin", "builtin"),
    ]


async def test_a_short_wait_that_is_asked_for_is_kept(llm: ChainWorld) -> None:
    llm.first.script(double.rate_limited(2), double.ok(GOOD))
    assert (await llm.ask()).source == "first:first-model"
    assert llm.slept == [2.0]
    assert await llm.outcomes() == [("first", "rate_limited"), ("first", "ok")]


async def test_nobody_waits_for_a_provider_that_wants_minutes(llm: ChainWorld) -> None:
    llm.first.default(double.rate_limited(60))
    llm.second.default(double.ok(GOOD))
    assert (await llm.ask()).source == "second:second-model"
    assert llm.slept == []


async def test_after_five_failures_in_a_row_a_provider_rests_for_a_minute(llm: ChainWorld) -> None:
    llm.build("first")
    for _ in range(6):
        await llm.ask()
    assert len(llm.first.requests) == 5
    assert (await llm.outcomes())[-2:] == [("first", "breaker_open"), ("builtin", "builtin")]
    llm.clock.advance(timedelta(seconds=60))
    await llm.ask()
    assert len(llm.first.requests) == 6, "half-open: one try"
    await llm.ask()
    assert len(llm.first.requests) == 6, "which failed: open again"
    llm.clock.advance(timedelta(seconds=60))
    llm.first.default(double.ok(GOOD))
    assert not (await llm.ask()).is_builtin
    assert not (await llm.ask()).is_builtin, "closed"


async def test_a_success_forgets_the_failures_before_it(llm: ChainWorld) -> None:
    llm.build("first")
    llm.first.script(*[double.status(500)] * 4, double.ok(GOOD), *[double.status(500)] * 4)
    llm.first.default(double.ok(GOOD))
    for _ in range(9):
        await llm.ask()
    assert not (await llm.ask()).is_builtin
    assert len(llm.first.requests) == 10


async def test_an_answer_in_another_language_forgets_them_too(llm: ChainWorld) -> None:
    """The server has answered (docs/spec.md#llm-language)."""
    llm.build("first")
    down = [double.status(500)] * 4
    llm.first.script(*down, double.ok(GOOD), double.ok(GOOD), *down, double.ok(GOOD))
    for number in range(9):
        other = number == 4
        await llm.ask(language_check=lambda _, other=other: "it is German" if other else None)
    assert ("first", "wrong_language") in await llm.outcomes()
    assert not (await llm.ask()).is_builtin


@pytest.mark.parametrize("limits", [Limits(usd=0.0005), Limits(tokens=2 * sum(TOKENS))])
async def test_when_the_days_budget_is_spent_the_chain_stops_paying_until_midnight_utc(
    llm: ChainWorld, limits: Limits
) -> None:
    llm.build("first", whole=limits)
    llm.first.default(double.ok(GOOD))
    assert [(await llm.ask()).is_builtin for _ in range(3)] == [False, False, True]
    assert (await llm.outcomes())[-2:] == [("first", "budget"), ("builtin", "builtin")]
    llm.clock.advance(timedelta(days=1))
    assert not (await llm.ask()).is_builtin


@pytest.mark.parametrize("limits", [Limits(usd=0.0005), Limits(tokens=2 * sum(TOKENS))])
async def test_one_user_spends_their_own_limit_and_no_others(
    llm: ChainWorld, limits: Limits
) -> None:
    llm.build("first", user=limits)
    llm.first.default(double.ok(GOOD))
    ada = [(await llm.ask(user_id="ada")).is_builtin for _ in range(3)]
    assert ada == [False, False, True]
    assert not (await llm.ask(user_id="bob")).is_builtin
    assert not (await llm.ask(user_id=None)).is_builtin
    assert llm.alerts == [], "the budget of all is not what is spent"
    llm.clock.advance(timedelta(days=1))
    assert not (await llm.ask(user_id="ada")).is_builtin


async def test_calls_of_one_user_at_once_do_not_overrun_their_limit(llm: ChainWorld) -> None:
    llm.build("first", user=Limits(tokens=500), concurrency=8, timeout=10)
    llm.first.default(double.hang())
    asking = [asyncio.create_task(llm.ask(user_id="ada")) for _ in range(4)]
    asking.append(asyncio.create_task(llm.ask(user_id="bob")))
    while len([task for task in asking if task.done()]) < 3 or len(llm.first.requests) < 2:
        await asyncio.sleep(0.01)
    assert len(llm.first.requests) == 2, "one of each user"
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


@pytest.mark.parametrize(
    ("llm", "limits", "usd", "tokens"),
    [
        ({}, {}, None, 200_000),
        ({"daily_budget_usd": 2.0}, {}, 0.5, 200_000),
        ({"daily_budget_tokens": 1_000_000}, {}, None, 250_000),
        ({"daily_budget_usd": 2.0}, {"llm_share": 0.1}, 0.2, 200_000),
        ({"daily_budget_usd": 2.0}, {"llm_usd_per_day": 1.5, "llm_tokens_per_day": 9}, 1.5, 9),
        ({"daily_budget_usd": 2.0}, {"llm_usd_per_day": 0, "llm_tokens_per_day": 0}, None, None),
    ],
)
def test_a_users_limit_is_a_share_unless_it_is_set(
    llm: Any, limits: Any, usd: float | None, tokens: int | None
) -> None:
    found = limits_of_user(LlmSettings(**llm), LimitsSettings(**limits))
    assert (found.usd, found.tokens) == (usd, tokens)


async def test_what_a_refused_answer_cost_counts_too(llm: ChainWorld) -> None:
    llm.build("first", whole=Limits(tokens=1))
    llm.first.default(double.wrong_schema())
    await llm.ask()
    await llm.ask()
    assert len(llm.first.requests) == 1, "not even a second try of the first question"


async def test_no_more_calls_run_at_once_than_is_allowed(llm: ChainWorld) -> None:
    llm.build("first", concurrency=2, timeout=10)
    llm.first.default(double.hang())
    asking = [asyncio.create_task(llm.ask()) for _ in range(5)]
    while len(llm.first.requests) < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(llm.first.requests) == 2
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_who_stops_waiting_hangs_up_and_the_call_is_told(llm: ChainWorld) -> None:
    llm.build("first", timeout=30)
    llm.first.default(double.hang())
    asking = asyncio.create_task(llm.ask())
    while not llm.first.requests:
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    for _ in range(500):
        if llm.first.disconnects:
            break
        await asyncio.sleep(0.01)
    assert llm.first.disconnects == 1
    assert await llm.outcomes() == [("first", "cancelled")]


async def test_the_key_goes_to_its_provider_and_nowhere_else(
    llm: ChainWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    llm.second.default(double.ok(GOOD))
    await llm.ask()
    assert llm.first.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    assert KEY not in redact(repr(llm.chain.__dict__ if llm.chain else ""))
    assert all(KEY not in str(tuple(row)) for row in await llm.calls())


async def test_prompts_are_not_kept(llm: ChainWorld) -> None:
    llm.first.default(double.ok(GOOD))
    await llm.ask(user="a very private question")
    assert all("private" not in str(tuple(row)) for row in await llm.calls())


async def test_a_provider_that_asks_for_a_rest_is_given_it(llm: ChainWorld) -> None:
    llm.first.script(double.rate_limited(60))
    llm.first.default(double.ok(GOOD))
    llm.second.default(double.ok(GOOD))
    sources = [(await llm.ask()).source for _ in range(2)]
    assert sources == ["second:second-model"] * 2
    assert ("first", "resting") in await llm.outcomes()
    llm.clock.advance(timedelta(seconds=60))
    assert (await llm.ask()).source == "first:first-model"


async def test_a_rested_provider_is_tried_by_one_call_at_a_time(llm: ChainWorld) -> None:
    llm.build("first", timeout=10)
    for _ in range(5):
        await llm.ask()
    llm.clock.advance(timedelta(seconds=60))
    llm.first.default(double.hang())
    probing = asyncio.create_task(llm.ask())
    while len(llm.first.requests) < 6:
        await asyncio.sleep(0.01)
    assert (await llm.ask()).is_builtin
    assert len(llm.first.requests) == 6
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    llm.first.default(double.ok(GOOD))
    assert not (await llm.ask()).is_builtin, "a call that was given up tells nothing"


@pytest.mark.parametrize(
    "limits",
    [
        {"whole": Limits(tokens=500)},
        {"whole": Limits(usd=0.01)},
        {"user": Limits(tokens=500)},
        {"user": Limits(usd=0.01)},
    ],
)
async def test_calls_at_once_do_not_overrun_the_budget(
    llm: ChainWorld, limits: dict[str, Limits]
) -> None:
    llm.build("first", concurrency=8, timeout=10, **limits)
    llm.first.default(double.hang())
    asking = [asyncio.create_task(llm.ask()) for _ in range(8)]
    while len([task for task in asking if task.done()]) < 7 or not llm.first.requests:
        await asyncio.sleep(0.01)
    assert len(llm.first.requests) == 1
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_what_a_call_held_of_the_budget_is_free_after_it(llm: ChainWorld) -> None:
    enough_for_one = Limits(usd=0.03, tokens=3000)
    llm.build("first", whole=enough_for_one, user=enough_for_one)
    llm.first.default(double.ok(GOOD))
    assert [(await llm.ask()).is_builtin for _ in range(4)] == [False] * 4


async def test_a_local_server_that_costs_nothing_goes_on_when_the_dollars_are_spent(
    llm: ChainWorld,
) -> None:
    llm.prices["second"] = 0.0
    llm.build(whole=Limits(usd=0.0))
    llm.second.default(double.ok(GOOD))
    assert (await llm.ask()).source == "second:second-model"
    assert llm.first.requests == []


async def test_why_the_built_in_analyst_answered_is_told(llm: ChainWorld) -> None:
    llm.build("first", whole=Limits(usd=0.0))
    assert (await llm.ask()).why_built_in == "budget"
    llm.build("first")
    assert (await llm.ask()).why_built_in == "unavailable"
    llm.first.default(double.ok(GOOD))
    assert (await llm.ask()).why_built_in is None


async def test_operators_hear_once_a_day_that_the_budget_is_spent(llm: ChainWorld) -> None:
    llm.build("first", whole=Limits(usd=0.0))
    for _ in range(3):
        await llm.ask()
    assert llm.alerts == ["llm_budget"]
    llm.clock.advance(timedelta(days=1))
    await llm.ask()
    assert llm.alerts == ["llm_budget"] * 2


@pytest.mark.parametrize(
    ("limit", "alert", "named"),
    [
        (Limits(tokens=599), "llm_budget_nearly:tokens", "tokens"),
        (Limits(usd=0.00149), "llm_budget_nearly:usd", "US dollars"),
    ],
)
async def test_operators_hear_once_a_day_that_four_fifths_of_a_budget_are_spent(
    llm: ChainWorld, limit: Limits, alert: str, named: str
) -> None:
    chain = llm.build("first", whole=limit)
    llm.first.default(double.ok(GOOD))
    now = llm.clock.now()
    llm.clock.advance(now.replace(hour=23, minute=0) - now)
    for told in ([], [], [], [alert]):
        await llm.ask()
        assert llm.alerts == told
    assert await chain.warnings() == [
        f"80 % or more of today's budget of {named} for language models is spent; "
        "when all is, the built-in analyst works until midnight UTC"
    ]
    llm.clock.advance(timedelta(hours=2))
    assert await chain.warnings() == []
    for _ in range(5):
        await llm.ask()
    assert llm.alerts == [alert, alert]


async def test_operators_hear_that_a_provider_is_down(llm: ChainWorld) -> None:
    llm.build("first")
    for _ in range(7):
        await llm.ask()
    assert llm.alerts == ["llm_down:first"]


async def test_a_fault_that_no_schema_can_name_is_asked_about_too(llm: ChainWorld) -> None:
    llm.first.script(double.ok({"mood": "angry", "tasks": 1}), double.ok(GOOD))
    answer = await llm.ask(check=lambda value: "no anger" if value.mood == "angry" else None)
    assert answer.value.mood == "calm"
    assert "no anger" in llm.first.requests[1].prompt
    assert await llm.outcomes() == [("first", "invalid_content"), ("first", "ok")]


async def test_prompts_are_kept_if_that_is_asked_for(llm: ChainWorld) -> None:
    llm.build("first", store_prompts=True)
    llm.first.default(double.ok(GOOD))
    await llm.ask()
    (row,) = await llm.db.all("SELECT * FROM llm_prompts")
    assert "How is today?" in row["turns"]
    assert "calm" in row["answer"]
