"""How servers have been seen to wrap a good answer, count it, refuse a field, and be addressed.

Each sample names where its kind was reported, as project and number; the values are our own.
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from buildos_box.llm.budget import Limits
from buildos_box.llm.endpoints import urls
from buildos_box.llm.token_counts import Counted, counted, estimate
from buildos_box.settings import ProviderSettings
from tests.doubles import llm as double
from tests.doubles.llm import Call, LlmDouble
from tests.llm.conftest import GOOD, ChainWorld, Verdict

TEXT = json.dumps(GOOD)
CALM = Verdict(mood="calm", tasks=3)
GOOD_USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def response(message: dict[str, Any], *, finish: str = "stop", usage: Any = GOOD_USAGE) -> Any:
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def tool_call(arguments: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "answer", "arguments": arguments}}


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": 'Or {"mood": "x"}?'}]}
MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("NousResearch/hermes-agent 4748", {"content": [THINKING, {"type": "text", "text": TEXT}]}),
    ("vercel/ai 17779", {"content": [{"type": "new", "x": 1}, {"type": "text", "text": TEXT}]}),
    ("nextcloud/integration_openai 408", {"content": [{"type": "text", "text": TEXT}]}),
    ("infiniflow/ragflow 14805", {"content": [TEXT[:9], TEXT[9:]]}),
    ("huggingface/smolagents 1003", {"content": None, "tool_calls": [tool_call(TEXT)]}),
    ("ollama/ollama 12413", {"content": "", "tool_calls": [tool_call(GOOD)]}),
    ("pydantic/pydantic-ai 2323", {"content": "Done.", "tool_calls": [tool_call(TEXT)]}),
    ("our own", {"content": None, "function_call": {"name": "answer", "arguments": TEXT}}),
    ("vllm-project/vllm 17357", {"content": None, "reasoning_content": TEXT}),
    ("vllm-project/vllm 41132", {"content": "", "reasoning": TEXT}),
    ("sgl-project/sglang 37645", {"content": "", "reasoning_content": f"{TEXT}\n"}),
    ("xorbitsai/inference 3673", {"reasoning_content": TEXT}),
    ("ollama/ollama 10976", {"content": f"<think></think>{TEXT}", "tool_calls": None}),
]


@pytest.mark.parametrize(("source", "message"), MESSAGES)
async def test_the_answer_is_found_wherever_a_server_puts_it(
    llm: ChainWorld, source: str, message: dict[str, Any]
) -> None:
    llm.build("first")
    llm.first.default(double.replies(response(message)))
    answer = await llm.ask()
    assert (answer.value, answer.is_builtin) == (CALM, False), source
    assert len(llm.first.requests) == 1


USAGES: list[tuple[str, Any, Counted]] = [
    ("FoundationAgents/MetaGPT 1746", None, Counted(None, None)),
    ("FoundationAgents/MetaGPT 1275", "none", Counted(None, None)),
    ("rowboatlabs/rowboat 113", {"prompt_tokens": None, "completion_tokens": None}, Counted()),
    ("64bit/async-openai 404", {"prompt_tokens": 1151, "completion_tokens": -35}, Counted(1151)),
    (
        "earendil-works/pi 2048",
        {"prompt_tokens": -6452, "completion_tokens": 435},
        Counted(None, 435),
    ),
    ("ollama/ollama 5370", {"prompt_tokens": 0, "completion_tokens": 9}, Counted(None, 9)),
    (
        "vercel/ai 11487",
        {"prompt_tokens": 279, "completion_tokens": 6, "total_tokens": 374},
        Counted(279, 95),
    ),
    (
        "vercel/ai 18614",
        {"prompt_tokens": 951, "completion_tokens": 6000, "total_tokens": 6952},
        Counted(951, 6001),
    ),
    (
        "BerriAI/litellm 38010",
        {"prompt_tokens": 100, "completion_tokens": -100, "total_tokens": 0},
        Counted(100),
    ),
    ("our own", {"prompt_tokens": 1e300, "completion_tokens": 20}, Counted(None, 20)),
    ("our own", {"prompt_tokens": 5, "completion_tokens": 10**400}, Counted(5)),
    ("our own", {"prompt_tokens": "12", "completion_tokens": "many"}, Counted(12)),
    ("our own", {"prompt_tokens": True, "completion_tokens": 20.0}, Counted(None, 20)),
    ("our own", {"prompt_tokens": {}, "completion_tokens": [1]}, Counted()),
]


@pytest.mark.parametrize(("source", "usage", "expected"), USAGES)
async def test_no_count_costs_an_answer_and_what_is_not_known_is_estimated(
    llm: ChainWorld, source: str, usage: Any, expected: Counted
) -> None:
    fields = usage if isinstance(usage, dict) else {}
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    assert counted(*(fields.get(name) for name in names)) == expected, source
    llm.build("first", whole=Limits(usd=1.0))
    sent = json.dumps(response({"content": TEXT}, usage=usage))
    llm.first.default(double.replies(sent.encode()))  # type: ignore[arg-type]
    answer = await llm.ask()
    assert answer.value == CALM
    prompt = llm.first.requests[0].prompt
    read = expected.read or pytest.approx(estimate(prompt), rel=0.05)
    assert (answer.tokens_in, answer.tokens_out) == (read, expected.written or estimate(TEXT))
    assert 0 < answer.cost_usd < 1
    (row,) = await llm.calls()
    assert (row["tokens_in"], row["cost_usd"]) == (answer.tokens_in, answer.cost_usd)


async def test_ollama_leaves_the_count_of_a_prompt_out_that_it_remembers(llm: ChainWorld) -> None:
    # ollama/ollama 2068, SWE-agent/SWE-agent 44
    llm.kinds["first"] = "ollama"
    llm.build("first")
    message = {"role": "assistant", "content": TEXT}
    llm.first.default(double.replies({"message": message, "done": True, "eval_count": 20}))
    answer = await llm.ask()
    assert (answer.value, answer.tokens_out) == (CALM, 20)
    assert answer.tokens_in > 20


@pytest.mark.parametrize(
    "behaviour", [double.replies(response({"content": "x" * 400}, usage=None)), double.not_json()]
)
async def test_a_budget_holds_against_a_server_that_does_not_count(
    llm: ChainWorld, behaviour: double.Behaviour
) -> None:
    llm.build("first", whole=Limits(tokens=1_000))
    llm.first.default(behaviour)
    for _ in range(30):
        await llm.ask()
        llm.clock.advance(timedelta(seconds=61))
    spent = sum(row["tokens_in"] + row["tokens_out"] for row in await llm.calls())
    one_call = 2_000
    assert 1_000 <= spent < 1_000 + one_call
    assert len(llm.first.requests) < 10


async def test_an_answer_under_way_when_the_wait_ends_counts_as_written(llm: ChainWorld) -> None:
    llm.build("first", timeout=0.5)
    llm.first.default(double.hang())
    answer = await llm.ask(max_output_tokens=300)
    assert answer.is_builtin
    assert answer.tokens_out == 300
    assert answer.tokens_in > 20


async def test_what_was_cut_off_is_asked_for_with_more_room(llm: ChainWorld) -> None:
    # agent0ai/agent-zero 1836, tangosdev/sm64ds-decomp 1199
    llm.build("first")
    llm.first.script(double.cut_off(TEXT[:12]), double.ok(GOOD))
    assert (await llm.ask(max_output_tokens=100)).value == CALM
    first, second = (call.body for call in llm.first.requests)
    assert (first["max_tokens"], second["max_tokens"]) == (100, 200)
    assert first["messages"] == second["messages"], "the question was not at fault"
    assert await llm.outcomes() == [("first", "cut_off"), ("first", "ok")]


async def test_thoughts_that_used_all_the_room_get_room_of_their_own(llm: ChainWorld) -> None:
    # browser-use/browser-use 5148, raullenchai/Rapid-MLX 858, ra-jeev/write-assist-ai 32
    llm.build("first")
    message = {"content": None, "reasoning_content": "Let me see whether the day is ca"}
    llm.first.script(double.replies(response(message, finish="length")), double.ok(GOOD))
    llm.first.default(double.ok(GOOD))
    assert (await llm.ask(max_output_tokens=100)).value == CALM
    await llm.ask(max_output_tokens=100)
    allowed = [call.body["max_tokens"] for call in llm.first.requests]
    assert allowed == [100, 200 + 4_096, 100 + 4_096]


async def test_a_whole_answer_counts_though_the_model_rambled_on(llm: ChainWorld) -> None:
    llm.build("first")
    llm.first.default(double.cut_off(f"{TEXT} And another th"))
    assert (await llm.ask()).value == CALM
    assert len(llm.first.requests) == 1


async def test_silence_is_asked_once_more_before_the_next_provider(llm: ChainWorld) -> None:
    # vectorize-io/hindsight 1355
    llm.first.default(double.empty())
    llm.second.default(double.ok(GOOD))
    assert (await llm.ask()).source == "second:second-model"
    assert await llm.outcomes() == [("first", "empty"), ("first", "empty"), ("second", "ok")]


@pytest.mark.parametrize("text", ["Certainly! {", '{"verdict": 7}', "", "<think>Hm"])
async def test_a_provider_that_never_answers_usably_is_left_alone_like_one_that_is_down(
    llm: ChainWorld, text: str
) -> None:
    llm.build("first")
    llm.first.default(double.says(text))
    for _ in range(7):
        assert (await llm.ask()).is_builtin
    assert len(llm.first.requests) == 10, "five questions, two tries each"
    assert (await llm.outcomes())[-2:] == [("first", "breaker_open"), ("builtin", "builtin")]
    assert llm.alerts == ["llm_down:first"]
    llm.clock.advance(timedelta(seconds=61))
    llm.first.default(double.ok(GOOD))
    assert not (await llm.ask()).is_builtin
    assert not (await llm.ask()).is_builtin


REFUSALS: list[tuple[str, int, str]] = [
    (
        "TutteInstitute/toponymy 148",
        400,
        "Unrecognized request argument supplied: chat_template_kwargs",
    ),
    (
        "platform-docs-public 7",
        422,
        '{"type":"extra_forbidden","loc":["body","chat_template_kwargs"]}',
    ),
    ("free-claude-code 130", 400, "chat_template is not supported for Mistral tokenizers."),
    ("dify-official-plugins 2263", 400, "Unsupported parameter: 'chat_template_kwargs'"),
    ("lobehub/lobehub 18885", 400, "Upstream error: 400"),
]


@pytest.mark.parametrize(("source", "status", "words"), REFUSALS)
async def test_a_server_that_does_not_know_the_switch_is_asked_without_it(
    llm: ChainWorld, source: str, status: int, words: str
) -> None:
    llm.build("first")
    refused = double.refuses(status, words, lambda c: "chat_template_kwargs" in c.body, GOOD)
    llm.first.default(refused)
    for _ in range(2):
        assert (await llm.ask()).value == CALM, source
    last = llm.first.requests[-1].body
    assert "chat_template_kwargs" not in last
    assert last["response_format"]["type"] == "json_schema", "nothing else was given up"
    asked = ["chat_template_kwargs" in call.body for call in llm.first.requests]
    assert asked[-2:] == [False, False], "the second question has learnt it"


async def test_openrouters_models_that_must_reason_are_let(llm: ChainWorld) -> None:
    # musistudio/claude-code-router 1215, elie222/rakazo 114, earendil-works/pi 8454
    words = "Reasoning is mandatory for this endpoint and cannot be disabled."
    llm.settings["first"] = {"extra_body": {"reasoning": {"enabled": False}}}
    llm.build("first")
    llm.first.default(double.refuses(400, words, lambda c: "reasoning" in c.body, GOOD))
    assert (await llm.ask()).value == CALM
    assert [("reasoning" in c.body) for c in llm.first.requests] == [True, False]


async def test_lm_studio_knows_no_json_object(llm: ChainWorld) -> None:
    # lmstudio-ai/lmstudio-bug-tracker 189, willmiao/ComfyUI-Lora-Manager 1033
    words = "'response_format.type' must be 'json_schema' or 'text'"

    def is_object(call: Call) -> bool:
        return call.body.get("response_format", {}).get("type") == "json_object"

    llm.build("first")
    llm.first.default(double.refuses(400, words, is_object, GOOD))
    assert (await llm.ask()).value == CALM
    assert len(llm.first.requests) == 1


@pytest.mark.parametrize(
    ("source", "error", "outcome"),
    [
        (
            "pydantic/pydantic-ai 2323",
            {"message": "Internal Server Error", "code": 500},
            "http_error",
        ),
        (
            "open-webui/computer 293",
            {"message": "Provider returned error", "code": 429},
            "rate_limited",
        ),
        ("our own", {"message": "No auth credentials found", "code": 401}, "auth_error"),
        ("our own", "model is overloaded", "http_error"),
    ],
)
async def test_an_error_inside_a_good_status_is_an_error(
    llm: ChainWorld, source: str, error: Any, outcome: str
) -> None:
    llm.first.default(double.replies({"error": error, "choices": None}))
    llm.second.default(double.ok(GOOD))
    assert (await llm.ask()).source == "second:second-model", source
    assert (await llm.outcomes())[0] == ("first", outcome)


@pytest.mark.parametrize("choices", [None, [], [{}], [{"message": None}], "x", [{"message": 3}]])
async def test_a_response_without_a_choice_is_none(llm: ChainWorld, choices: Any) -> None:
    # decolua/9router 2727, diegosouzapw/OmniRoute 3424
    llm.first.default(double.replies({"choices": choices}))
    llm.second.default(double.ok(GOOD))
    assert (await llm.ask()).source == "second:second-model"
    assert (await llm.outcomes())[0] == ("first", "invalid_json")


CHAT = "/chat/completions"
ADDRESSES: list[tuple[str, str, str]] = [
    (
        "FoundationAgents/OpenManus 174",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        f"/v1beta/openai{CHAT}",
    ),
    ("Helicone/helicone 3651", "https://api.deepinfra.com/v1/openai", f"/v1/openai{CHAT}"),
    ("azure-openai-ha 101", "https://models.github.ai/inference", f"/inference{CHAT}"),
    ("songquanpeng/one-api 2031", "https://models.inference.ai.azure.com", CHAT),
    ("openai-responses-python 9", "https://r.openai.azure.com/openai/v1/", f"/openai/v1{CHAT}"),
    (
        "continuedev/continue 3902",
        "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
        f"/openai/deployments/d{CHAT}?api-version=2024-10-21",
    ),
    (
        "songquanpeng/one-api 2269",
        "https://r.services.ai.azure.com/models?api-version=2024-05-01-preview",
        f"/models{CHAT}?api-version=2024-05-01-preview",
    ),
    ("docs.perplexity.ai", "https://api.perplexity.ai", CHAT),
    (
        "developers.cloudflare.com",
        "https://api.cloudflare.com/client/v4/accounts/1a/ai/v1",
        f"/client/v4/accounts/1a/ai/v1{CHAT}",
    ),
    (
        "developers.cloudflare.com",
        "https://gateway.ai.cloudflare.com/v1/1a/gw/compat",
        f"/v1/1a/gw/compat{CHAT}",
    ),
    ("console.groq.com", "https://api.groq.com/openai/v1", f"/openai/v1{CHAT}"),
    ("docs.fireworks.ai", "https://api.fireworks.ai/inference/v1", f"/inference/v1{CHAT}"),
    ("zai-org/GLM-V 93", "https://open.bigmodel.cn/api/paas/v4/", f"/api/paas/v4{CHAT}"),
    (
        "cloud.google.com",
        "https://x.googleapis.com/v1/projects/p/locations/l/endpoints/openapi",
        f"/v1/projects/p/locations/l/endpoints/openapi{CHAT}",
    ),
    ("eli64s/readme-ai 159", "https://api.example.com/v1/", f"/v1{CHAT}"),
    ("our own", "https://api.example.com/llm/v1/chat/completions", f"/llm/v1{CHAT}"),
    ("our own", "http://127.0.0.1:8080", f"/v1{CHAT}"),
    ("our own", "http://gpu.lan/llama", f"/llama/v1{CHAT}"),
]


@pytest.mark.parametrize(("source", "base_url", "path"), ADDRESSES)
def test_an_address_is_used_as_its_maker_documents_it(
    source: str, base_url: str, path: str
) -> None:
    settings = ProviderSettings(name="x", base_url=base_url, model="m")
    host = "/".join(base_url.split("/")[:3])
    assert urls(settings)[0] == f"{host}{path}", source


@pytest.mark.parametrize("prefix", ["/v1", ""])
async def test_an_address_that_says_no_version_is_tried_with_and_without(
    llm: ChainWorld, prefix: str
) -> None:
    def serves(_double: LlmDouble, handler: Any, call: Call) -> None:
        if call.path == f"/api{prefix}{CHAT}":
            double.ok(GOOD).act(_double, handler, call)
        else:
            handler.answer(404, {"error": "no such page"})

    llm.settings["first"] = {"base_url": llm.first.url.replace("/v1", "/api")}
    llm.build("first")
    llm.first.default(double.Behaviour("serves", serves))
    for _ in range(2):
        assert (await llm.ask()).value == CALM
    assert len(llm.first.requests) == (2 if prefix else 3), "found out once"
