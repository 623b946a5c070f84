"""The requests that providers understand, and where they are sent.

OpenAI's chat completions (which DeepSeek, OpenRouter, llama.cpp, vLLM and LM Studio speak too),
Anthropic's messages, and Ollama's own chat, which alone lets the context's length be set.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any, Literal

from buildos_box.llm import token_counts
from buildos_box.llm.endpoints import is_azure, is_local
from buildos_box.settings import ProviderSettings
from buildos_box.settings.presets import TEMPLATE_WITHOUT_THINKING

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
    NO_EXTRA_BODY = 3
    """It does not know, or does not allow, what was to switch its thinking off."""
    REASONS = 4
    """It thinks before it answers, and is given tokens of their own for that."""


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
    """A provider's text, its tokens (estimated where it did not say), and whether it was cut."""

    text: str
    tokens_in: int
    tokens_out: int
    was_cut: bool = False
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

    @property
    def estimated_tokens(self) -> int:
        """About how many tokens a model reads in it."""
        texts = (self.system, *(turn.text for turn in self.turns))
        return sum(map(token_counts.estimate, texts))


def shapes_of(settings: ProviderSettings) -> list[Shape]:
    """The shapes that such a provider may understand, the strictest first."""
    return [Shape.SCHEMA, Shape.PROMPT] if settings.kind == "anthropic" else list(Shape)


def headers(settings: ProviderSettings) -> dict[str, str]:
    """The key, each in its maker's way."""
    key = settings.api_key
    if settings.kind == "anthropic":
        version = {"anthropic-version": ANTHROPIC_VERSION}
        return {**version, "x-api-key": key.reveal()} if key else version
    if key is None:
        return {}
    azure = {"api-key": key.reveal()} if is_azure(settings) else {}
    return {"Authorization": f"Bearer {key.reveal()}", **azure}


def body(
    settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    """The request."""
    make = {"anthropic": _anthropic_body, "ollama": _ollama_body, "openai": _openai_body}
    made = make[settings.kind](settings, prompt, shape, habits)
    extra = {} if Habit.NO_EXTRA_BODY in habits else extra_body(settings)
    return {"model": settings.model, **made, **extra}


def extra_body(settings: ProviderSettings) -> dict[str, Any]:
    """What is added to each request: as configured, else what switches thinking off.

    A local server of OpenAI's kind is told as vLLM, SGLang and llama.cpp understand it.
    """
    if settings.extra_body is not None:
        return settings.extra_body
    if settings.kind == "ollama":
        return {"think": False}
    return TEMPLATE_WITHOUT_THINKING if settings.kind == "openai" and is_local(settings) else {}


def max_output_tokens(settings: ProviderSettings, prompt: Prompt, habits: frozenset[Habit]) -> int:
    """How long an answer may be, thoughts included."""
    reasons = {Habit.REASONS, Habit.MAX_COMPLETION_TOKENS} & habits
    return prompt.max_output_tokens + (settings.reasoning_tokens if reasons else 0)


def _chat(prompt: Prompt) -> list[dict[str, str]]:
    turns = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
    return [{"role": "system", "content": prompt.system}, *turns]


def _temperature(habits: frozenset[Habit]) -> dict[str, Any]:
    return {} if Habit.NO_TEMPERATURE in habits else {"temperature": TEMPERATURE}


def _openai_body(
    settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    longest = "max_completion_tokens" if Habit.MAX_COMPLETION_TOKENS in habits else "max_tokens"
    made: dict[str, Any] = {
        "messages": _chat(prompt),
        longest: max_output_tokens(settings, prompt, habits),
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
    settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "system": prompt.system,
        "messages": [{"role": turn.role, "content": turn.text} for turn in prompt.turns],
        "max_tokens": max_output_tokens(settings, prompt, habits),
        **_temperature(habits),
    }
    if shape is Shape.SCHEMA and prompt.schema is not None:
        made["tools"] = [
            {"name": TOOL, "description": "Give your answer.", "input_schema": prompt.schema}
        ]
        made["tool_choice"] = {"type": "tool", "name": TOOL}
    return made


def _ollama_body(
    settings: ProviderSettings, prompt: Prompt, shape: Shape, habits: frozenset[Habit]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "messages": _chat(prompt),
        "stream": False,
        "options": {
            # Ollama's own default cuts the front of a longer prompt off without a word.
            "num_ctx": settings.context_tokens,
            "num_predict": max_output_tokens(settings, prompt, habits),
            "temperature": TEMPERATURE,
        },
    }
    if shape is Shape.SCHEMA and prompt.schema is not None:
        made["format"] = prompt.schema
    elif shape is not Shape.PROMPT:
        made["format"] = "json"
    return made
