"""A provider is tried with one real call, and what is wrong is said with what to do."""

import socket

import pytest

from buildos_box.llm.check import ProviderCheck, check
from buildos_box.llm.endpoints import is_local
from buildos_box.settings import ProviderSettings, Secret
from tests.doubles.llm import (
    Behaviour,
    LlmDouble,
    empty,
    hang,
    not_json,
    ok,
    says,
    status,
    tool_use,
)

KEY = "sk-very-secret-1234567890"


async def tried(
    double: LlmDouble, behaviour: Behaviour, *, kind: str = "openai", key: str | None = KEY
) -> ProviderCheck:
    double.default(behaviour)
    settings = ProviderSettings(
        name="double",
        kind="anthropic" if kind == "anthropic" else "openai",
        base_url=double.url,
        model="m-1",
        api_key=Secret(key) if key else None,
    )
    seconds = 0.5 if behaviour.name == "hang" else 20.0
    (result,) = await check([settings], longest_seconds=seconds)
    assert KEY not in repr(result)
    return result


async def test_one_that_answers_is_well() -> None:
    with LlmDouble() as double:
        result = await tried(double, ok({"works": True}))
        called = f"{double.url}/chat/completions"
        assert (result.ok, result.url) == (True, called)
        assert result.words == f"answers at {called} in {result.latency_ms} ms"
        assert double.requests[0].headers["Authorization"] == f"Bearer {KEY}"
        claude = await tried(double, tool_use({"works": True}), kind="anthropic")
        assert claude.ok
        assert double.requests[-1].path == "/v1/messages"


@pytest.mark.parametrize(
    ("behaviour", "key", "words"),
    [
        (status(401), KEY, "refuses the key (401); check its api_key: no"),
        (status(401), None, "wants a key (401); set its api_key"),
        (status(404), KEY, "does not know the model m-1 or the address URL (404): no"),
        (status(405), KEY, "answers 405 at URL: no"),
        (status(429), KEY, "takes no more calls for now (429); look at the account's limits: no"),
        (status(500), KEY, "answers 500 at URL: no"),
        (
            not_json(),
            KEY,
            "answers at URL with an answer that does not have the form of openai; check base_url",
        ),
        (empty(), KEY, "gives no answer within 1000 tokens"),
        (says("Yes!"), KEY, "answers, but not with the JSON that it is asked for"),
        (hang(), KEY, "did not answer at URL within 0.5 s"),
    ],
)
async def test_what_is_wrong_is_said(behaviour: Behaviour, key: str | None, words: str) -> None:
    with LlmDouble() as double:
        result = await tried(double, behaviour, key=key)
        url = f"{double.url}/chat/completions"
    assert (result.ok, result.words) == (False, words.replace("URL", url))


async def test_a_key_that_the_server_repeats_is_not_shown() -> None:
    def act(_double: object, handler: object, _call: object) -> None:
        handler.answer(401, {"error": {"message": f"wrong key {KEY}"}})  # type: ignore[attr-defined]

    with LlmDouble() as double:
        result = await tried(double, Behaviour("repeats", act))
    assert result.words.endswith("wrong key …")


async def test_several_are_tried_at_once_and_told_in_order() -> None:
    with socket.socket() as unused, LlmDouble() as double:
        unused.bind(("127.0.0.1", 0))
        double.default(ok({"works": True}))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}"
        results = await check(
            [
                ProviderSettings(name="dead", base_url=dead, model="a"),
                ProviderSettings(name="well", base_url=double.url, model="b"),
            ]
        )
    assert [(r.name, r.ok) for r in results] == [("dead", False), ("well", True)]
    url = f"{dead}/v1/chat/completions"
    assert results[0].words == f"nothing answers at {url}; check base_url"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1:8080", True),
        ("http://ollama:11434", True),
        ("http://192.168.1.4:8080/v1", True),
        ("https://box.lan/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://10x.example.com", False),
        ("https://localhost.example.com", False),
    ],
)
def test_local_servers_are_known_by_their_address(url: str, local: bool) -> None:
    assert is_local(ProviderSettings(name="x", base_url=url, model="m")) is local
