"""One provider: its request shape, and what its answers mean."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any, Literal

import httpx
import msgspec

from buildos_box.llm.fence import visible
from buildos_box.settings import ProviderSettings, Secret

MOST_BYTES = 1024 * 1024
MOST_DETAIL = 160
CONNECT_SECONDS = 5.0
ANTHROPIC_VERSION = "2023-06-01"
TOOL = "answer"
UNKNOWN_SHAPE = (400, 422)


class Shape(IntEnum):
    """How an answer's form is asked for, the strictest first."""

    SCHEMA = 1
    """OpenAI's `json_schema` (Ollama, llama.cpp and vLLM know it); a forced tool at Anthropic's."""
    OBJECT = 2
    """OpenAI's `json_object` (DeepSeek knows only this)."""
    PROMPT = 3
    """By the prompt's words alone."""


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


class Provider:
    """Calls one provider over the client given; its key goes to its own address only."""

    def __init__(self, settings: ProviderSettings, http: httpx.AsyncClient) -> None:
        self.name = settings.name
        self.model = settings.model
        self._settings = settings
        self._http = http
        self._shapes = [Shape.SCHEMA, Shape.PROMPT] if self._is_anthropic else list(Shape)
        """What it may still understand, the best first."""

    @property
    def is_paid(self) -> bool:
        """Whether a call costs money; local servers have no price."""
        return self._settings.price_in > 0 or self._settings.price_out > 0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars, by the prices of the configuration (per million tokens)."""
        prices = self._settings
        return (tokens_in * prices.price_in + tokens_out * prices.price_out) / 1_000_000

    async def call(self, prompt: Prompt) -> Reply:
        """One call. Raises CallFailed."""
        for shape in tuple(self._shapes):
            try:
                reply = await self._call(prompt, shape)
            except CallFailed as failure:
                # Some servers refuse what they don't know; the schema stands in the prompt as well.
                if failure.status not in UNKNOWN_SHAPE or shape is Shape.PROMPT:
                    raise
            else:
                self._shapes = [known for known in self._shapes if known >= shape]
                return reply
        raise AssertionError("the last shape either answers or raises")

    @property
    def _is_anthropic(self) -> bool:
        return self._settings.kind == "anthropic"

    async def _call(self, prompt: Prompt, shape: "Shape") -> Reply:
        make_body = self._anthropic_body if self._is_anthropic else self._openai_body
        body = make_body(prompt, shape)
        longest = self._settings.timeout_seconds
        timeout = httpx.Timeout(longest, connect=min(longest, CONNECT_SECONDS))
        try:
            # httpx limits each wait for bytes; a server that drips would be waited for for ever.
            async with (
                asyncio.timeout(longest),
                self._http.stream(
                    "POST", self._url(), json=body, headers=self._headers(), timeout=timeout
                ) as response,
            ):
                content = await _read_capped(response)
        except (httpx.TimeoutException, TimeoutError):
            raise CallFailed("timeout") from None
        except httpx.HTTPError:
            raise CallFailed("connect_error") from None
        if response.status_code != 200:
            raise _refused(response, content, self._settings.api_key)
        try:
            answer = msgspec.json.decode(content)
            return self._read_anthropic(answer) if self._is_anthropic else self._read_openai(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, ValueError):
            raise CallFailed("invalid_json", status=200) from None

    def _url(self) -> str:
        base = self._settings.base_url.rstrip("/")
        if self._is_anthropic:
            return f"{base.removesuffix('/v1')}/v1/messages"
        versioned = base if re.search(r"/v\d+\w*$", base) else f"{base}/v1"
        return f"{versioned}/chat/completions"

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key
        if self._is_anthropic:
            headers = {"anthropic-version": ANTHROPIC_VERSION}
            return {**headers, "x-api-key": key.reveal()} if key else headers
        return {"Authorization": f"Bearer {key.reveal()}"} if key else {}

    def _openai_body(self, prompt: Prompt, shape: "Shape") -> dict[str, Any]:
        messages = [{"role": "system", "content": prompt.system}]
        messages += [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "max_tokens": prompt.max_output_tokens,
            "temperature": 0.3,
        }
        if shape is Shape.SCHEMA and prompt.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": TOOL, "schema": prompt.schema},
            }
        elif shape is not Shape.PROMPT:
            body["response_format"] = {"type": "json_object"}
        return body

    def _anthropic_body(self, prompt: Prompt, shape: "Shape") -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "system": prompt.system,
            "messages": [{"role": turn.role, "content": turn.text} for turn in prompt.turns],
            "max_tokens": prompt.max_output_tokens,
            "temperature": 0.3,
        }
        if shape is Shape.SCHEMA and prompt.schema is not None:
            body["tools"] = [
                {
                    "name": TOOL,
                    "description": "Give your answer.",
                    "input_schema": prompt.schema,
                }
            ]
            body["tool_choice"] = {"type": "tool", "name": TOOL}
        return body

    @staticmethod
    def _read_openai(answer: Any) -> Reply:
        choice = answer["choices"][0]
        usage = answer.get("usage") or {}
        tokens = (int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))
        text = choice["message"].get("content") or ""
        return _reply(text, tokens, cut=choice.get("finish_reason") == "length")

    @staticmethod
    def _read_anthropic(answer: Any) -> Reply:
        usage = answer.get("usage") or {}
        tokens = (int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0)))
        content = answer["content"]
        used = [part["input"] for part in content if part.get("type") == "tool_use"]
        said = "".join(part["text"] for part in content if part.get("type") == "text")
        text = msgspec.json.encode(used[0]).decode() if used else said
        return _reply(text, tokens, cut=answer.get("stop_reason") == "max_tokens")


def _reply(text: str, tokens: tuple[int, int], *, cut: bool) -> Reply:
    if not text.strip():
        raise CallFailed("cut_off" if cut else "empty", status=200, tokens=tokens)
    return Reply(text, *tokens)


async def _read_capped(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise CallFailed("too_large", status=response.status_code)
    return bytes(content)


def _refused(response: httpx.Response, content: bytes, key: Secret | None) -> CallFailed:
    status = response.status_code
    outcome = {401: "auth_error", 403: "auth_error", 429: "rate_limited"}.get(status, "http_error")
    detail = _words_of(content)
    if key is not None:
        detail = detail.replace(key.reveal(), "…")
    return CallFailed(outcome, status=status, retry_after=_retry_after(response), detail=detail)


def _words_of(content: bytes) -> str:
    """What the server said is wrong: `{"error": {"message": …}}`, `{"error": …}` or nothing."""
    try:
        said = msgspec.json.decode(content)
        error = said.get("error") or said.get("message")
        text = error.get("message") if isinstance(error, dict) else error
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
        return ""
    return " ".join(visible(text).split())[:MOST_DETAIL] if isinstance(text, str) else ""


def _retry_after(response: httpx.Response) -> timedelta | None:
    text = response.headers.get("retry-after", "")
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() else None
