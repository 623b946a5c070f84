"""Models that think before they answer: told not to, and given room where they do it anyway."""

import re
import tomllib
from pathlib import Path

import pytest

from buildos_box.llm.check import check
from buildos_box.llm.provider_requests import extra_body
from buildos_box.settings import ProviderSettings, load_settings
from buildos_box.settings.presets import PRESETS
from tests.doubles import llm as double
from tests.doubles.llm import LlmDouble
from tests.llm.conftest import GOOD, ChainWorld, Verdict

ROOT = Path(__file__).parents[2]
CALM = Verdict(mood="calm", tasks=3)


@pytest.mark.parametrize("obeys", ["off", "aloud", "silent"])
async def test_the_readmes_local_model_answers(llm: ChainWorld, tmp_path: Path, obeys: str) -> None:
    # ollama/ollama 13154 (aloud), vectorize-io/hindsight 3246 (silent), HarperFast/harper 1805
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    (text,) = (block for block in blocks if "[[llm.providers]]" in block)
    given = tomllib.loads(text)["llm"]["providers"]
    assert [provider["preset"] for provider in given] == ["ollama"]
    (tmp_path / "config.toml").write_text(text, "utf-8")
    (settings,) = load_settings(tmp_path / "config.toml", {}).settings.llm.providers
    llm.settings["first"] = {
        "kind": settings.kind,
        "model": settings.model,
        "context_tokens": settings.context_tokens,
        "reasoning_tokens": settings.reasoning_tokens,
        "extra_body": settings.extra_body,
    }
    llm.build("first")
    llm.first.default(double.thinker(GOOD, thoughts=3_000, obeys=obeys))
    for _ in range(3):
        assert (await llm.ask()).value == CALM
    first, last = llm.first.requests[0].body, llm.first.requests[-1].body
    assert first["model"] == "qwen3:4b"
    assert first["think"] is False
    assert ("think" in last) is (obeys != "silent")
    learnt = 0 if obeys == "off" else 1
    assert len(llm.first.requests) == 3 + learnt, "found out once"
    assert last["options"]["num_predict"] == 1_500 + learnt * 4_096


async def test_doctor_finds_such_a_model_well(llm: ChainWorld) -> None:
    for obeys in ("off", "aloud", "silent"):
        with LlmDouble() as server:
            server.default(double.thinker({"works": True}, thoughts=600, obeys=obeys))
            settings = local_model(server.url.removesuffix("/v1"))
            (found,) = await check([settings], http=llm.http)
        assert found.ok, found.words
        assert found.url.endswith("/api/chat")


def local_model(base_url: str) -> ProviderSettings:
    return ProviderSettings(name="local", kind="ollama", base_url=base_url, model="qwen3:4b")


@pytest.mark.parametrize("preset", ["vllm", "sglang", "llama.cpp", "lmstudio"])
def test_servers_with_chat_templates_are_told_by_them(preset: str) -> None:
    # sgl-project/sglang 20573, vllm-project/vllm 17356 (Granite says `thinking`)
    kwargs = PRESETS[preset]["extra_body"]["chat_template_kwargs"]
    assert kwargs == {"enable_thinking": False, "thinking": False}


async def test_what_is_configured_is_sent_in_place_of_it(llm: ChainWorld) -> None:
    # run-llama/llama_index 18635: what must be sent differs by server and by model
    llm.settings["first"] = {"extra_body": {"reasoning_effort": "low"}}
    llm.build("first")
    llm.first.default(double.ok(GOOD))
    await llm.ask()
    (call,) = llm.first.requests
    assert call.body["reasoning_effort"] == "low"
    assert "chat_template_kwargs" not in call.body


def test_public_servers_are_sent_nothing_that_only_local_ones_know() -> None:
    settings = ProviderSettings(name="x", base_url="https://api.openai.com/v1", model="m")
    assert extra_body(settings) == {}
    local = ProviderSettings(name="x", base_url="http://gpu.lan:8000/v1", model="m")
    assert "chat_template_kwargs" in extra_body(local)
    claude = ProviderSettings(name="x", kind="anthropic", base_url="http://gpu.lan", model="m")
    assert extra_body(claude) == {}
