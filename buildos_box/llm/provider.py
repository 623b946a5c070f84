"""Calls one provider, and classifies its errors."""

import asyncio
import re
from typing import Any

import httpx
import msgspec

from buildos_box.llm import provider_requests, provider_response, token_counts
from buildos_box.llm.endpoints import urls
from buildos_box.llm.provider_requests import CallFailed, Habit, Prompt, Reply, Shape, Turn
from buildos_box.llm.provider_response import Content, ProviderError
from buildos_box.llm.untrusted_text import visible
from buildos_box.retry_after import retry_after
from buildos_box.settings import ProviderSettings, Secret
from buildos_box.settings.masking import masked_url
from buildos_box.untrusted_json import read_json

MOST_BYTES = 1024 * 1024
MOST_DETAIL = 300
CONNECT_SECONDS = 5.0
UNKNOWN_SHAPE = (400, 422)
NOT_THERE = (404, 405)
OUTCOMES = {401: "auth_error", 403: "auth_error", 429: "rate_limited"}
_TOO_LONG = re.compile(r"context.{0,12}(?:length|window|size)|(?:prompt|input) is too long", re.I)

__all__ = ["CallFailed", "Prompt", "Provider", "Reply", "Turn"]


class Provider:
    """Calls one provider with the given HTTP client; its key is sent to its own address only."""

    def __init__(self, settings: ProviderSettings, http: "httpx.AsyncClient") -> None:
        self.name = settings.name
        self.model = settings.model
        self._settings = settings
        self._http = http
        self._shapes = provider_requests.shapes_of(settings)
        """The forms of requests that it may support, the strictest first."""
        self._habits: frozenset[Habit] = frozenset()
        self._urls = urls(settings)

    @property
    def url(self) -> str:
        """Where it is called, or will be tried first; without its user info and query."""
        return masked_url(self._urls[0])

    @property
    def is_paid(self) -> bool:
        """Whether calls have a price; local servers have none."""
        return self._settings.price_in > 0 or self._settings.price_out > 0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """The cost in US dollars by the configured prices (per million tokens)."""
        prices = self._settings
        return (tokens_in * prices.price_in + tokens_out * prices.price_out) / 1_000_000

    def at_most(self, prompt: Prompt) -> tuple[int, int]:
        """The estimated number of tokens that a call may read and write."""
        written = provider_requests.max_output_tokens(self._settings, prompt, self._habits)
        return prompt.estimated_tokens, written

    async def call(self, prompt: Prompt, *, longest_seconds: float | None = None) -> Reply:
        """One reply, asked for again if the server refuses only the form of the request.

        Each wait is at most the configured one, or `longest_seconds` if that is less. Raises
        CallFailed.
        """
        own = self._settings.timeout_seconds
        longest = own if longest_seconds is None else min(own, longest_seconds)
        try:
            return await self._call_by_shape(prompt, longest, self._habits)
        except CallFailed as failure:
            plainly = self._habits | {Habit.NO_EXTRA_BODY}
            if not _refuses_form(failure) or plainly == self._habits or not self._has_extra_body:
                raise
            return await self._call_by_shape(prompt, longest, plainly)

    @property
    def _has_extra_body(self) -> bool:
        return bool(provider_requests.extra_body(self._settings))

    async def _call_by_shape(
        self, prompt: Prompt, longest: float, habits: frozenset[Habit]
    ) -> Reply:
        """Use the strictest form that the server supports, and remember it."""
        for shape in tuple(self._shapes):
            try:
                answered, habits = await self._call_by_habit(prompt, shape, longest, habits)
            except CallFailed as failure:
                # Some servers refuse what they do not know; the schema is in the prompt as well.
                if not _refuses_form(failure) or shape is Shape.PROMPT:
                    raise
            else:
                self._shapes = [known for known in self._shapes if known >= shape]
                self._habits = self._habits | habits
                return answered
        raise AssertionError("the last shape either answers or raises")

    async def _call_by_habit(
        self, prompt: Prompt, shape: Shape, longest: float, habits: frozenset[Habit]
    ) -> tuple[Reply, frozenset[Habit]]:
        while True:
            try:
                content = await self._call(prompt, shape, longest, habits)
            except CallFailed as failure:
                learnt = habits | _habits_of(failure, self._settings)
                if failure.status not in UNKNOWN_SHAPE or learnt == habits:
                    raise
                habits = learnt
            else:
                tokens = content.counted.or_estimate(
                    prompt.estimated_tokens, token_counts.estimate(content.text + content.thoughts)
                )
                answered = Reply(content.text, *tokens, was_cut=content.was_cut)
                return answered, habits | self._habits_seen(content)

    def _habits_seen(self, content: Content) -> frozenset[Habit]:
        """What the reply shows of the model: it thinks, or gives no answer without thinking."""
        answers_at_once = content.text.lstrip().startswith(("{", "```"))
        if content.reasoned or (content.was_cut and not answers_at_once):
            return frozenset({Habit.REASONS})
        if not content.text.strip() and self._has_extra_body:
            return frozenset({Habit.NO_EXTRA_BODY, Habit.REASONS})
        return frozenset()

    async def _call(
        self, prompt: Prompt, shape: Shape, longest: float, habits: frozenset[Habit]
    ) -> Content:
        settings = self._settings
        body = provider_requests.body(settings, prompt, shape, habits)
        response, content = await self._post(body, prompt, longest)
        if response.status_code != 200:
            raise _refused(response, content, settings.api_key)
        try:
            return provider_response.read(settings.kind, read_json(content))
        except ProviderError as error:
            outcome = OUTCOMES.get(error.status or 0, "http_error")
            raise CallFailed(
                outcome, status=error.status, detail=_one_line(error.message)
            ) from None
        except (msgspec.DecodeError, AttributeError, LookupError, TypeError, ValueError):
            raise CallFailed("invalid_json", status=200, tokens=self.at_most(prompt)) from None

    async def _post(
        self, body: dict[str, Any], prompt: Prompt, longest: float
    ) -> "tuple[httpx.Response, bytes]":
        """The response of the first address that is found, which is remembered."""
        for url in self._urls:
            response, content = await self._post_to(url, body, prompt, longest)
            if response.status_code not in NOT_THERE or url == self._urls[-1]:
                break
        if response.status_code == 200:
            self._urls = (url,)
        return response, content

    async def _post_to(
        self, url: str, body: dict[str, Any], prompt: Prompt, longest: float
    ) -> "tuple[httpx.Response, bytes]":
        """Once a request is sent it may be billed, whatever happens to its answer."""
        timeout = httpx.Timeout(longest, connect=min(longest, CONNECT_SECONDS))
        headers = provider_requests.headers(self._settings)
        billed = (0, 0)
        try:
            # httpx limits each wait for bytes only; a server that sends slowly would never time
            # out.
            async with (
                asyncio.timeout(longest),
                self._http.stream(
                    "POST", url, json=body, headers=headers, timeout=timeout
                ) as response,
            ):
                billed = self.at_most(prompt)
                return response, await _read_capped(response)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise CallFailed("timeout") from None
        except (httpx.TimeoutException, TimeoutError):
            raise CallFailed("timeout", tokens=self.at_most(prompt)) from None
        except httpx.HTTPError:
            raise CallFailed("connect_error", tokens=billed) from None
        except _TooLarge:
            raise CallFailed("too_large", status=response.status_code, tokens=billed) from None


class _TooLarge(Exception):
    """More than any answer needs."""


def _refuses_form(failure: CallFailed) -> bool:
    """Whether a server refuses the form of the request, not its content."""
    return failure.status in UNKNOWN_SHAPE and failure.outcome != "too_long"


def _habits_of(failure: CallFailed, settings: ProviderSettings) -> frozenset[Habit]:
    """What a refusal shows of how the model must be asked."""
    said = failure.detail.lower()
    words = {
        Habit.MAX_COMPLETION_TOKENS: "max_completion_tokens",
        Habit.NO_TEMPERATURE: "temperature",
    }
    learnt = frozenset(habit for habit, word in words.items() if word in said)
    extra = (*provider_requests.extra_body(settings), "chat_template")
    if any(field.lower() in said for field in extra):
        learnt |= {Habit.NO_EXTRA_BODY}
    return learnt


async def _read_capped(response: "httpx.Response") -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise _TooLarge
    return bytes(content)


def _refused(response: "httpx.Response", content: bytes, key: Secret | None) -> CallFailed:
    status = response.status_code
    outcome = OUTCOMES.get(status, "http_error")
    detail = _words_of(content)
    if status in (*UNKNOWN_SHAPE, 413) and _TOO_LONG.search(detail):
        outcome = "too_long"
    if key is not None:
        detail = detail.replace(key.reveal(), "…")
    return CallFailed(
        outcome, status=status, retry_after=retry_after(response.headers), detail=detail
    )


def _words_of(content: bytes) -> str:
    """The server's error text: `{"error": {"message": …}}`, `{"error": …}`, or empty."""
    try:
        said = read_json(content)
        error = said.get("error") or said.get("message")
        text = error.get("message") if isinstance(error, dict) else error
    except (msgspec.DecodeError, AttributeError):
        return ""
    return _one_line(text) if isinstance(text, str) else ""


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())[:MOST_DETAIL]
