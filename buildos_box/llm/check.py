"""One small real call to each provider, for `doctor`."""

import asyncio
from collections.abc import Iterable

import httpx
import msgspec

from buildos_box.clock import Clock, SystemClock
from buildos_box.egress.redirects import HOOKS
from buildos_box.llm import answer_schema
from buildos_box.llm.endpoints import is_local
from buildos_box.llm.provider import Provider
from buildos_box.llm.provider_requests import CallFailed, Prompt, Reply, Turn
from buildos_box.settings import ProviderSettings
from buildos_box.settings.masking import masked_url

LONGEST_SECONDS = 30.0
LOCAL_LONGEST_SECONDS = 120.0
"""A local server may have to load its model first."""
MAX_OUTPUT_TOKENS = 1000
"""Much more than the answer needs, because some models think before it."""


class _Works(msgspec.Struct, frozen=True):
    works: bool


_QUESTION = Prompt(
    "You are asked whether you work.",
    (Turn("user", 'Answer with this JSON object and nothing else: {"works": true}'),),
    MAX_OUTPUT_TOKENS,
    answer_schema.json_schema(_Works),
)


class ProviderCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of one call. `words` is one sentence without the provider's name or a secret."""

    name: str
    kind: str
    model: str
    base_url: str
    url: str
    """The address that was called."""
    ok: bool
    latency_ms: int
    words: str


async def check(
    providers: Iterable[ProviderSettings],
    *,
    http: "httpx.AsyncClient | None" = None,
    clock: Clock | None = None,
    longest_seconds: float | None = None,
) -> list[ProviderCheck]:
    """Call all providers concurrently; results in their order. Never raises for a provider's fault.

    Each call costs a few dozen tokens and is not recorded. Waits at most 30 s, or two minutes for
    local servers, unless `longest_seconds` is given. Without `http` it uses a client of its own.
    """
    clock = clock or SystemClock()
    if http is not None:
        return list(
            await asyncio.gather(*(_one(p, http, clock, longest_seconds) for p in providers))
        )
    async with httpx.AsyncClient(follow_redirects=False, event_hooks=HOOKS) as own:
        return await check(providers, http=own, clock=clock, longest_seconds=longest_seconds)


async def _one(
    settings: ProviderSettings, http: "httpx.AsyncClient", clock: Clock, longest: float | None
) -> ProviderCheck:
    seconds = longest or (LOCAL_LONGEST_SECONDS if is_local(settings) else LONGEST_SECONDS)
    provider = Provider(msgspec.structs.replace(settings, timeout_seconds=seconds), http)
    started = clock.monotonic()
    try:
        reply = await _answer(provider)
    except CallFailed as failure:
        works, words = False, _why(settings, provider, failure, seconds)
    else:
        works, words = _judged(reply)
    latency_ms = int((clock.monotonic() - started) * 1000)
    return ProviderCheck(
        name=settings.name,
        kind=settings.kind,
        model=settings.model,
        base_url=masked_url(settings.base_url),
        url=provider.url,
        ok=works,
        latency_ms=latency_ms,
        words=f"answers at {provider.url} in {latency_ms} ms" if works else words,
    )


async def _answer(provider: Provider) -> Reply:
    """One answer, asked for once more if the first was empty, as the chain does."""
    reply = await provider.call(_QUESTION)
    return reply if reply.text.strip() else await provider.call(_QUESTION)


def _judged(reply: Reply) -> tuple[bool, str]:
    value, _ = answer_schema.read(reply.text, _Works)
    if value is not None:
        return True, "answers"
    if not reply.text.strip():
        return False, f"gives no answer within {MAX_OUTPUT_TOKENS} tokens"
    return False, "answers, but not with the JSON that it is asked for"


def _why(
    settings: ProviderSettings, provider: Provider, failure: CallFailed, seconds: float
) -> str:
    """What went wrong, and what to do about it."""
    ollama = settings.kind == "ollama" or ":11434" in settings.base_url
    said = f": {failure.detail}" if failure.detail else ""
    match failure.outcome:
        case "timeout":
            return f"did not answer at {provider.url} within {seconds:g} s"
        case "connect_error":
            start = "; start it with `ollama serve`" if ollama else ""
            return f"nothing answers at {provider.url}{start or '; check base_url'}"
        case "auth_error" if settings.api_key is None:
            return f"wants a key ({failure.status}); set its api_key"
        case "auth_error":
            return f"refuses the key ({failure.status}); check its api_key{said}"
        case "rate_limited":
            return f"takes no more calls for now (429); look at the account's limits{said}"
        case "http_error" if failure.status == 503 and "loading" in said.lower():
            return "still loads its model (503); try again in a moment"
        case "http_error" if failure.status == 404:
            load = f"; load it with `ollama pull {settings.model}`" if ollama else ""
            unknown = (
                f"does not know the model {settings.model} or the address {provider.url} (404)"
            )
            return f"{unknown}{said}{load}"
        case "http_error":
            return f"answers {failure.status or 'an error'} at {provider.url}{said}"
        case _:
            what = f"an answer that does not have the form of {settings.kind}"
            return f"answers at {provider.url} with {what}; check base_url"
