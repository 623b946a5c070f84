"""One provider: calling it, and what its refusals mean."""

import asyncio
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from buildos_box.llm import wire
from buildos_box.llm.fence import visible
from buildos_box.llm.wire import CallFailed, Habit, Prompt, Reply, Shape, Turn
from buildos_box.settings import ProviderSettings, Secret
from buildos_box.untrusted_json import read_json

MOST_BYTES = 1024 * 1024
MOST_DETAIL = 300
CONNECT_SECONDS = 5.0
UNKNOWN_SHAPE = (400, 422)
_TOO_LONG = re.compile(r"context.{0,12}(?:length|window|size)|(?:prompt|input) is too long", re.I)

__all__ = ["CallFailed", "Prompt", "Provider", "Reply", "Turn"]


class Provider:
    """Calls one provider over the client given; its key goes to its own address only."""

    def __init__(self, settings: ProviderSettings, http: httpx.AsyncClient) -> None:
        self.name = settings.name
        self.model = settings.model
        self._settings = settings
        self._http = http
        self._shapes = wire.shapes_of(settings)
        """What it may still understand, the best first."""
        self._habits: frozenset[Habit] = frozenset()

    @property
    def is_paid(self) -> bool:
        """Whether a call costs money; local servers have no price."""
        return self._settings.price_in > 0 or self._settings.price_out > 0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars, by the prices of the configuration (per million tokens)."""
        prices = self._settings
        return (tokens_in * prices.price_in + tokens_out * prices.price_out) / 1_000_000

    async def call(self, prompt: Prompt, *, longest_seconds: float | None = None) -> Reply:
        """One answer, asked for again where a server refuses only how it was asked.

        Each wait is at most the configured one, or `longest_seconds` if that is less.
        Raises CallFailed.
        """
        own = self._settings.timeout_seconds
        longest = own if longest_seconds is None else min(own, longest_seconds)
        for shape in tuple(self._shapes):
            try:
                reply = await self._call_by_habit(prompt, shape, longest)
            except CallFailed as failure:
                # Some servers refuse what they don't know; the schema stands in the prompt as well.
                if failure.status not in UNKNOWN_SHAPE or failure.outcome == "too_long":
                    raise
                if shape is Shape.PROMPT:
                    raise
            else:
                self._shapes = [known for known in self._shapes if known >= shape]
                return reply
        raise AssertionError("the last shape either answers or raises")

    async def _call_by_habit(self, prompt: Prompt, shape: Shape, longest: float) -> Reply:
        while True:
            try:
                return await self._call(prompt, shape, longest)
            except CallFailed as failure:
                learnt = self._habits | _habits_of(failure)
                if failure.status not in UNKNOWN_SHAPE or learnt == self._habits:
                    raise
                self._habits = learnt

    async def _call(self, prompt: Prompt, shape: Shape, longest: float) -> Reply:
        settings = self._settings
        body = wire.body(settings, prompt, shape, self._habits)
        timeout = httpx.Timeout(longest, connect=min(longest, CONNECT_SECONDS))
        try:
            # httpx limits each wait for bytes; a server that drips would be waited for for ever.
            async with (
                asyncio.timeout(longest),
                self._http.stream(
                    "POST",
                    wire.url(settings),
                    json=body,
                    headers=wire.headers(settings),
                    timeout=timeout,
                ) as response,
            ):
                content = await _read_capped(response)
        except (httpx.TimeoutException, TimeoutError):
            raise CallFailed("timeout") from None
        except httpx.HTTPError:
            raise CallFailed("connect_error") from None
        if response.status_code != 200:
            raise _refused(response, content, settings.api_key)
        try:
            return wire.read(settings, read_json(content))
        except (
            msgspec.DecodeError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ):
            raise CallFailed("invalid_json", status=200) from None


def _habits_of(failure: CallFailed) -> frozenset[Habit]:
    """What a refusal tells of how a model wants to be asked."""
    said = failure.detail.lower()
    words = {
        Habit.MAX_COMPLETION_TOKENS: "max_completion_tokens",
        Habit.NO_TEMPERATURE: "temperature",
    }
    return frozenset(habit for habit, word in words.items() if word in said)


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
    if status in (*UNKNOWN_SHAPE, 413) and _TOO_LONG.search(detail):
        outcome = "too_long"
    if key is not None:
        detail = detail.replace(key.reveal(), "…")
    return CallFailed(outcome, status=status, retry_after=_retry_after(response), detail=detail)


def _words_of(content: bytes) -> str:
    """What the server said is wrong: `{"error": {"message": …}}`, `{"error": …}` or nothing."""
    try:
        said = read_json(content)
        error = said.get("error") or said.get("message")
        text = error.get("message") if isinstance(error, dict) else error
    except (msgspec.DecodeError, AttributeError):
        return ""
    return " ".join(visible(text).split())[:MOST_DETAIL] if isinstance(text, str) else ""


def _retry_after(response: httpx.Response) -> timedelta | None:
    """How long the server asks to wait: seconds, or a date by its own clock (RFC 9110, 10.2.3)."""
    ms = response.headers.get("retry-after-ms", "")
    if ms.isascii() and ms.isdigit():
        return timedelta(milliseconds=int(ms))
    text = response.headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,9}(?:\.\d+)?", text, re.ASCII):
        return timedelta(seconds=float(text))
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(response.headers.get("date", ""))
        return max(until - now, timedelta())
    except (TypeError, ValueError):
        return None
