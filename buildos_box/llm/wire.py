"""The request shapes that providers speak, and how their answers read.

OpenAI's chat completions (which DeepSeek, OpenRouter, llama.cpp, vLLM and LM Studio speak too),
Anthropic's messages, and Ollama's own chat, which alone lets the context's length be set.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any, Literal

import msgspec

from buildos_box.settings import ProviderSettings

ANTHROPIC_VERSION = "2023-06-01"
TOOL = "answer"
TEMPERATURE = 0.3


class Shape(IntEnum):
    """How an answer's form is asked for, the strictest first."""

    SCHEMA = 1
    """OpenAI's `json_schema` (llama.cpp and vLLM know it); a forced tool at Anthropic's; a schema
    as `format` at Ollama's."""
    OBJECT = 2
    """OpenAI's `json_object` (DeepSeek knows only this); `json` at Ollama's."""
    PROMPT = 3
    """By the prompt's words alone."""


class Habit(IntEnum):
    """What a model has refused before, and is therefore asked otherwise."""

    NO_TEMPERATURE = 1
    MAX_COMPLETION_TOKENS = 2
    """OpenAI's reasoning models refuse `max_tokens` by that name."""


class CallFailed(Exception):
    """A call brought no usable answer. `outcome` is what `llm_calls` keeps of it."""

    def __init__(
        self,
        outcome: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
        tokens: tuple[int, int] = (0, 0),
        detail: str = "",
    ) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.status = status
        self.retry_after = retry_after
        self.tokens = tokens
        self.detail = detail
        """The server's own words, one line, for whoever runs the box; never logged or kept."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A provider's text and what it counted."""

    text: str
    tokens_in: int
    tokens_out: int
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: a constant system text and the conversation."""

    system: str
    turns: tuple[Turn, ...]
    max_output_tokens: int
    schema: dict[str, Any] | None = None
    """What the answer must fit; sent in the provider's own way where it has one."""


def shapes_of(settings: ProviderSettings) -> list[Shape]:
    """The shapes that such a provider may understand, the strictest first."""
    return [Shape.SCHEMA, Shape.PROMPT] if settings.kind == "anthropic" else list(Shape)


def url(settings: ProviderSettings) -> str:
    """Where to POST, from a `base_url` with or without its version."""
    base = settings.base_url.rstrip("/")
    if settings.kind == "anthropic":
        return f"{base.removesuffix('/v1')}/v1/messages"
    if settings.kind == "ollama":
        return f"{base.removesuffix('/v1').removesuffix('/api')}/api/chat"
    versioned = base if re.search(r"/v\d+\w*$", base) else f"{base}/v1"
    return f"{versioned}/chat/completions"


def headers(settings: ProviderSettings) -> dict[str, str]:
    """The key, each in its maker's way."""
    key = settings.api_key
    if settings.kind == "anthropic":
        version = {"anthropic-version": ANTHROPIC_VERSION}
        return {**version, "x-api-key": key.reveal()} if key else version
    return {"Authorization": f"Bearer {key.reveal()}"} if key else {}


def body(
    settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    """The request."""
    make = {"anthropic": _anthropic_body, "ollama": _ollama_body, "openai": _openai_body}
    made = make[settings.kind](settings, prompt, shape, habits)
    return {"model": settings.model, **made}


def read(settings: ProviderSettings, answer: Any) -> Reply:
    """The reply in a decoded answer. Raises CallFailed; LookupError and the like if it is none."""
    make = {"anthropic": _read_anthropic, "ollama": _read_ollama, "openai": _read_openai}
    return make[settings.kind](answer)


def _chat(prompt: Prompt) -> list[dict[str, str]]:
    turns = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
    return [{"role": "system", "content": prompt.system}, *turns]


def _temperature(habits: frozenset[Habit]) -> dict[str, Any]:
    return {} if Habit.NO_TEMPERATURE in habits else {"temperature": TEMPERATURE}


def _openai_body(
    _settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    longest = "max_completion_tokens" if Habit.MAX_COMPLETION_TOKENS in habits else "max_tokens"
    made: dict[str, Any] = {
        "messages": _chat(prompt),
        longest: prompt.max_output_tokens,
        **_temperature(habits),
    }
    if shape is Shape.SCHEMA and prompt.schema is not None:
        made["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": TOOL, "schema": prompt.schema},
        }
    elif shape is not Shape.PROMPT:
        made["response_format"] = {"type": "json_object"}
    return made


def _anthropic_body(
    _settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "system": prompt.system,
        "messages": [{"role": turn.role, "content": turn.text} for turn in prompt.turns],
        "max_tokens": prompt.max_output_tokens,
        **_temperature(habits),
    }
    if shape is Shape.SCHEMA and prompt.schema is not None:
        made["tools"] = [
            {"name": TOOL, "description": "Give your answer.", "input_schema": prompt.schema}
        ]
        made["tool_choice"] = {"type": "tool", "name": TOOL}
    return made


def _ollama_body(
    settings: ProviderSettings, prompt: Prompt, shape: Shape, _habits: frozenset[Habit]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "messages": _chat(prompt),
        "stream": False,
        "options": {
            # Ollama's own default cuts the front of a longer prompt off without a word.
            "num_ctx": settings.context_tokens,
            "num_predict": prompt.max_output_tokens,
            "temperature": TEMPERATURE,
        },
    }
    if shape is Shape.SCHEMA and prompt.schema is not None:
        made["format"] = prompt.schema
    elif shape is not Shape.PROMPT:
        made["format"] = "json"
    return made


def _read_openai(answer: Any) -> Reply:
    choice = answer["choices"][0]
    usage = answer.get("usage") or {}
    tokens = (int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))
    text = choice["message"].get("content") or ""
    return _reply(text, tokens, cut=choice.get("finish_reason") == "length")


def _read_anthropic(answer: Any) -> Reply:
    usage = answer.get("usage") or {}
    tokens = (int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0)))
    content = answer["content"]
    used = [part["input"] for part in content if part.get("type") == "tool_use"]
    said = "".join(part["text"] for part in content if part.get("type") == "text")
    text = msgspec.json.encode(used[0]).decode() if used else said
    return _reply(text, tokens, cut=answer.get("stop_reason") == "max_tokens")


def _read_ollama(answer: Any) -> Reply:
    tokens = (int(answer.get("prompt_eval_count") or 0), int(answer.get("eval_count") or 0))
    text = answer["message"].get("content") or ""
    return _reply(text, tokens, cut=answer.get("done_reason") == "length")


def _reply(text: str, tokens: tuple[int, int], *, cut: bool) -> Reply:
    if not text.strip():
        raise CallFailed("cut_off" if cut else "empty", status=200, tokens=tokens)
    return Reply(text, *tokens)
