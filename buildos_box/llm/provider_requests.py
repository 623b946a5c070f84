"""The requests that providers understand.

OpenAI's chat completions (which DeepSeek, OpenRouter, llama.cpp, vLLM and LM Studio support too),
Anthropic's messages, and Ollama's own chat, the only one that sets the length of the context.
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
    """How the form of an answer is requested, the strictest first."""

    SCHEMA = 1
    """OpenAI's `json_schema` (llama.cpp and vLLM know it); a forced tool at Anthropic's; a schema
    as `format` at Ollama's."""
    OBJECT = 2
    """OpenAI's `json_object` (DeepSeek knows only this); `json` at Ollama's."""
    PROMPT = 3
    """By the prompt alone."""


class Habit(IntEnum):
    """What a model has refused before, so that it is asked differently."""

    NO_TEMPERATURE = 1
    MAX_COMPLETION_TOKENS = 2
    """OpenAI's reasoning models refuse the name `max_tokens`."""
    NO_EXTRA_BODY = 3
    """It does not know, or does not allow, the field that turns thinking off."""
    REASONS = 4
    """It thinks before it answers, and gets extra tokens for that."""


class CallFailed(Exception):
    """A call gave no usable reply. `outcome` is stored in `llm_calls`."""

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
        """The server's error text in one line, for operators; never logged or stored."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A provider's text, its tokens (estimated if not reported), and whether it was cut off."""

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
    """A request: a constant system text and the conversation."""

    system: str
    turns: tuple[Turn, ...]
    max_output_tokens: int
    schema: dict[str, Any] | None = None
    """The schema of the answer; sent in the provider's own way if it has one."""

    @property
    def estimated_tokens(self) -> int:
        """The estimated number of tokens of the prompt."""
        texts = (self.system, *(turn.text for turn in self.turns))
        return sum(map(token_counts.estimate, texts))


def shapes_of(settings: ProviderSettings) -> list[Shape]:
    """The forms that such a provider may support, the strictest first."""
    return [Shape.SCHEMA, Shape.PROMPT] if settings.kind == "anthropic" else list(Shape)


def headers(settings: ProviderSettings) -> dict[str, str]:
    """The headers with the key, as each kind of provider expects it."""
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
    """The body of the request."""
    make = {"anthropic": _anthropic_body, "ollama": _ollama_body, "openai": _openai_body}
    made = make[settings.kind](settings, prompt, shape, habits)
    extra = {} if Habit.NO_EXTRA_BODY in habits else extra_body(settings)
    return {"model": settings.model, **made, **extra}


def extra_body(settings: ProviderSettings) -> dict[str, Any]:
    """The extra fields of each request: as configured, else those that turn thinking off.

    For a local OpenAI-compatible server, those of vLLM, SGLang and llama.cpp.
    """
    if settings.extra_body is not None:
        return settings.extra_body
    if settings.kind == "ollama":
        return {"think": False}
    return TEMPLATE_WITHOUT_THINKING if settings.kind == "openai" and is_local(settings) else {}


def max_output_tokens(settings: ProviderSettings, prompt: Prompt, habits: frozenset[Habit]) -> int:
    """The longest length of an answer, including thoughts."""
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
            # By default Ollama silently cuts off the beginning of a longer prompt.
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
