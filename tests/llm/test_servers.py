"""Local servers, moody models, and what a server means by asking for a wait."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from buildos_box.llm.budget import Limits
from buildos_box.llm.provider import Provider
from buildos_box.llm.provider_requests import CallFailed, Prompt, Turn
from buildos_box.settings import ProviderSettings, Secret, SettingsError, load_settings
from tests.doubles import llm as double
from tests.doubles.llm import Call, LlmDouble
from tests.llm.conftest import GOOD, KEY, ChainWorld

PROMPT = Prompt("You judge days.", (Turn("user", "How is today?"),), 77, {"type": "object"})


async def test_ollamas_own_shape(llm: ChainWorld) -> None:
    llm.kinds["first"] = "ollama"
    llm.first.default(double.ok(GOOD))
    answer = await llm.ask(max_output_tokens=77)
    (call,) = llm.first.requests
    assert (answer.value.mood, answer.tokens_in, answer.tokens_out) == ("calm", *double.TOKENS)
    assert call.path == "/api/chat"
    assert call.body["stream"] is False
    assert call.body["options"]["num_ctx"] == 16_384
    assert call.body["options"]["num_predict"] == 77
    assert call.body["format"]["required"] == ["mood", "tasks"]
    assert [message["role"] for message in call.body["messages"]] == ["system", "user"]


async def test_an_older_ollama_is_asked_for_json_without_a_schema(llm: ChainWorld) -> None:
    llm.kinds["first"] = "ollama"
    refusal = "json: cannot unmarshal object into Go struct field ChatRequest.format"
    llm.first.default(
        double.refuses(400, refusal, lambda call: isinstance(call.body["format"], dict), GOOD)
    )
    for _ in range(2):
        assert not (await llm.ask()).is_builtin
    assert [isinstance(c.body["format"], dict) for c in llm.first.requests] == [True, False, False]


async def test_a_reasoning_model_is_asked_as_it_wants_from_then_on(llm: ChainWorld) -> None:
    def moody(_double: LlmDouble, handler: object, call: Call) -> None:
        if "max_tokens" in call.body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        elif "temperature" in call.body:
            message = "Unsupported value: 'temperature' does not support 0.3 with this model."
        else:
            return double.ok(GOOD).act(_double, handler, call)  # type: ignore[arg-type]
        return handler.answer(400, {"error": {"message": message}})  # type: ignore[attr-defined]

    llm.first.default(double.Behaviour("moody", moody))
    for _ in range(2):
        assert (await llm.ask(max_output_tokens=77)).value.mood == "calm"
    assert len(llm.first.requests) == 4
    last = llm.first.requests[-1].body
    assert last["max_completion_tokens"] == 77 + 4_096, "its thoughts have tokens of their own"
    assert last["response_format"]["type"] == "json_schema"


async def test_a_prompt_too_long_for_one_model_goes_to_the_next_and_opens_no_breaker(
    llm: ChainWorld,
) -> None:
    words = "the request exceeds the available context size, try increasing it"
    llm.first.default(double.refuses(400, words, lambda _call: True, GOOD))
    llm.second.default(double.ok(GOOD))
    for _ in range(6):
        assert (await llm.ask()).source == "second:second-model"
    assert len(llm.first.requests) == 6, "not asked in every shape"
    assert (await llm.outcomes())[0] == ("first", "too_long")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        (
            {
                "Retry-After": "Wed, 23 Oct 2024 08:01:30 GMT",
                "Date": "Wed, 23 Oct 2024 08:00:00 GMT",
            },
            90,
        ),
        (
            {
                "Retry-After": "Wed, 23 Oct 2024 07:00:00 GMT",
                "Date": "Wed, 23 Oct 2024 08:00:00 GMT",
            },
            0,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "9" * 40}, 86_400),
        ({}, None),
    ],
)
async def test_how_long_a_server_wants_to_be_left_alone(
    headers: dict[str, str], seconds: float | None
) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers=headers)

    settings = ProviderSettings(name="x", base_url="http://x.test", model="m")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(CallFailed) as failed:
            await Provider(settings, http).call(PROMPT)
    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert (failed.value.outcome, failed.value.retry_after) == ("rate_limited", wanted)


async def test_the_whole_chain_keeps_to_its_time(llm: ChainWorld) -> None:
    def slow(_double: LlmDouble, handler: object, _call: Call) -> None:
        llm.clock.advance(timedelta(seconds=59.5))
        handler.answer(500, {})  # type: ignore[attr-defined]

    llm.first.default(double.Behaviour("slow", slow))
    answer = await llm.ask(within=timedelta(minutes=1))
    assert (answer.is_builtin, answer.why_built_in) == (True, "unavailable")
    assert await llm.outcomes() == [
        ("first", "http_error"),
        ("second", "no_time"),
        ("builtin", "builtin"),
    ]
    assert llm.second.requests == []


async def test_a_call_waits_no_longer_than_there_is_time(llm: ChainWorld) -> None:
    llm.build("first", timeout=60.0)
    llm.first.default(double.hang())
    answer = await llm.ask(within=timedelta(seconds=1))
    assert answer.is_builtin
    assert await llm.outcomes() == [("first", "timeout"), ("builtin", "builtin")]


async def test_what_keeps_models_from_answering_is_told(llm: ChainWorld) -> None:
    chain = llm.build(whole=Limits(usd=0.0001))
    assert await chain.warnings() == []
    llm.first.default(double.ok(GOOD))
    await llm.ask()
    (said,) = await chain.warnings()
    assert said.startswith("today's budget of US dollars for language models is spent")
    chain = llm.build("second")
    llm.second.default(double.status(500))
    for _ in range(5):
        await llm.ask()
    assert await chain.warnings() == ["second failed five times in a row and is not called for now"]


def providers_of(tmp_path: Path, text: str, **environ: str) -> tuple[ProviderSettings, ...]:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return load_settings(path, environ).settings.llm.providers


def test_a_preset_is_all_that_a_local_server_needs(tmp_path: Path) -> None:
    ollama, llama = providers_of(
        tmp_path,
        '[[llm.providers]]\npreset = "ollama"\nmodel = "qwen3:4b"\n'
        '[[llm.providers]]\npreset = "llama.cpp"\nbase_url = "http://gpu.lan:8080"\n',
    )
    assert (ollama.name, ollama.kind, ollama.model) == ("ollama", "ollama", "qwen3:4b")
    assert ollama.base_url == "http://127.0.0.1:11434"
    assert ollama.timeout_seconds == 300
    assert (llama.name, llama.kind, llama.base_url) == (
        "llama.cpp",
        "openai",
        "http://gpu.lan:8080",
    )


def test_a_presets_key_comes_from_its_usual_variable(tmp_path: Path) -> None:
    text = '[[llm.providers]]\npreset = "openai"\nmodel = "gpt-5"\n'
    (provider,) = providers_of(tmp_path, text, OPENAI_API_KEY=KEY)
    assert (provider.api_key, provider.model) == (Secret(KEY), "gpt-5")
    (provider,) = providers_of(tmp_path, f"{text}api_key = 'own'\n", OPENAI_API_KEY=KEY)
    assert provider.api_key == Secret("own")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('preset = "olama"', "llm.providers[0].preset"),
        ('preset = "openrouter"', "llm.providers[0].model"),
        ('preset = "ollama"\n[[llm.providers]]\npreset = "ollama"', "llm.providers[1].name"),
        ('preset = "ollama"\ncontext_tokens = 10', "llm.providers[0].context_tokens"),
    ],
)
def test_what_a_preset_does_not_know_is_asked_for(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SettingsError) as failed:
        providers_of(tmp_path, f"[[llm.providers]]\n{text}\n")
    assert key in [fault.key for fault in failed.value.faults]


async def test_a_redirect_takes_the_key_nowhere(llm: ChainWorld) -> None:
    elsewhere = llm.second

    def redirects(_double: LlmDouble, handler: object, _call: Call) -> None:
        handler.answer(307, {}, {"Location": f"{elsewhere.url}/v1/chat/completions"})  # type: ignore[attr-defined]

    llm.first.default(double.Behaviour("redirects", redirects))
    llm.build("first")
    assert (await llm.ask()).is_builtin
    assert llm.first.requests
    assert elsewhere.requests == []
