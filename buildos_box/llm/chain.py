"""The chain: providers in order, then what the caller can do without any (spec 11)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

import httpx
import msgspec

from buildos_box.clock import Clock
from buildos_box.db import Database
from buildos_box.llm import store
from buildos_box.llm.breaker import Breaker
from buildos_box.llm.fence import visible
from buildos_box.llm.provider import CallFailed, Prompt, Provider, Reply, Turn
from buildos_box.log import logger
from buildos_box.settings import LlmSettings

T = TypeVar("T")
BUILT_IN = "built-in"
LONGEST_WAIT = timedelta(seconds=5)
_FENCED = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL)
_BUSY = frozenset({"rate_limited", "http_error", "timeout", "connect_error"})
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A question whose answer must fit `schema`, and whom it is asked for."""

    purpose: str
    system: str
    user: str
    schema: type[T]
    user_id: str | None = None
    job_id: str | None = None
    correlation_id: str | None = None
    max_output_tokens: int = 1500


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A valid answer, who gave it (`provider:model` or `built-in`), and what all tries cost."""

    value: T
    source: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0

    @property
    def is_builtin(self) -> bool:
        """Whether no provider gave it."""
        return self.source == BUILT_IN


@dataclass
class _Spent:
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0


class SmartLLM:
    """Asks providers in order until one gives a valid answer; one budget for all."""

    def __init__(
        self,
        providers: tuple[Provider, ...],
        *,
        db: Database,
        clock: Clock,
        daily_budget_usd: float | None = None,
        daily_budget_tokens: int | None = None,
        concurrency: int = 4,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._providers = providers
        self._db = db
        self._clock = clock
        self._budget_usd = daily_budget_usd
        self._budget_tokens = daily_budget_tokens
        self._slots = asyncio.Semaphore(concurrency)
        self._sleep = sleep
        self._breakers = {p.name: Breaker(clock.monotonic) for p in providers}

    @classmethod
    def from_settings(
        cls, settings: LlmSettings, *, db: Database, clock: Clock, http: httpx.AsyncClient
    ) -> "SmartLLM":
        """The chain of the configuration."""
        return cls(
            tuple(Provider(provider, http) for provider in settings.providers),
            db=db,
            clock=clock,
            daily_budget_usd=settings.daily_budget_usd,
            daily_budget_tokens=settings.daily_budget_tokens,
            concurrency=settings.concurrency,
        )

    async def ask(self, ask: Ask[T], *, fallback: Callable[[], T]) -> Answer[T]:
        """The first valid answer of the chain, else `fallback()`. Every call is recorded.

        Never raises for a provider's fault.
        """
        spent = _Spent()
        async with self._slots:
            for provider in self._providers:
                value = await self._ask_one(provider, ask, spent)
                if value is not None:
                    source = f"{provider.name}:{provider.model}"
                    return Answer(value, source, spent.tokens_in, spent.tokens_out, spent.cost_usd)
        if self._providers:
            await self._record(ask, None, "built_in")
        return Answer(fallback(), BUILT_IN, spent.tokens_in, spent.tokens_out, spent.cost_usd)

    async def _ask_one(self, provider: Provider, ask: Ask[T], spent: _Spent) -> T | None:
        breaker = self._breakers[provider.name]
        if breaker.is_open:
            await self._record(ask, provider, "breaker_open")
            return None
        if await self._budget_is_spent():
            await self._record(ask, provider, "budget")
            return None
        turns: tuple[Turn, ...] = (Turn("user", _with_schema(ask)),)
        reply = await self._call(provider, ask, turns, breaker, spent)
        if reply is None:
            return None
        value, fault = _read(reply.text, ask.schema)
        if value is not None:
            await self._record_reply(provider, ask, reply, "ok", spent)
            return value
        await self._record_reply(provider, ask, reply, _kind_of(fault), spent)
        return await self._repair(
            provider, ask, (*turns, Turn("assistant", reply.text)), fault, spent
        )

    async def _repair(
        self, provider: Provider, ask: Ask[T], turns: tuple[Turn, ...], fault: str, spent: _Spent
    ) -> T | None:
        """One more try, with the fault named."""
        demand = f"That is not valid: {fault}. Answer again with the corrected JSON only."
        breaker = self._breakers[provider.name]
        reply = await self._call(provider, ask, (*turns, Turn("user", demand)), breaker, spent)
        if reply is None:
            return None
        value, fault = _read(reply.text, ask.schema)
        outcome = "ok" if value is not None else _kind_of(fault)
        await self._record_reply(provider, ask, reply, outcome, spent)
        return value

    async def _call(
        self,
        provider: Provider,
        ask: Ask[T],
        turns: tuple[Turn, ...],
        breaker: Breaker,
        spent: _Spent,
        *,
        again: bool = True,
    ) -> Reply | None:
        """A reply, or None when the next provider is to be asked.

        A provider that asks for a short wait (5 s at most) is asked once more after it.
        """
        prompt = Prompt(ask.system, turns, ask.max_output_tokens)
        started = self._clock.monotonic()
        try:
            reply = await provider.call(prompt)
        except CallFailed as failure:
            breaker.failed()
            await self._record_failure(provider, ask, failure, started, spent)
            wait = failure.retry_after
            if again and wait is not None and wait <= LONGEST_WAIT and failure.outcome in _BUSY:
                await self._sleep(wait.total_seconds())
                return await self._call(provider, ask, turns, breaker, spent, again=False)
            return None
        except asyncio.CancelledError:
            # Nothing can be awaited now; the row goes its way without us.
            call = self._row(ask, provider, "cancelled", latency_ms=self._since(started))
            now = self._clock.now()
            self._db.submit(lambda tx: store.record(tx, call, now))
            raise
        breaker.succeeded()
        return replace(reply, latency_ms=self._since(started))

    def _since(self, started: float) -> int:
        return int((self._clock.monotonic() - started) * 1000)

    async def _budget_is_spent(self) -> bool:
        if self._budget_usd is None and self._budget_tokens is None:
            return False
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        usd, tokens = await store.spent_since(self._db, midnight)
        over_usd = self._budget_usd is not None and usd >= self._budget_usd
        return over_usd or (self._budget_tokens is not None and tokens >= self._budget_tokens)

    async def _record_reply(
        self, provider: Provider, ask: Ask[T], reply: Reply, outcome: str, spent: _Spent
    ) -> None:
        tokens = (reply.tokens_in, reply.tokens_out)
        cost = self._spend(provider, tokens, spent)
        await self._record(ask, provider, outcome, 200, tokens, cost, reply.latency_ms)

    async def _record_failure(
        self, provider: Provider, ask: Ask[T], failure: CallFailed, started: float, spent: _Spent
    ) -> None:
        cost = self._spend(provider, failure.tokens, spent)
        log.warning(
            "llm_call_failed",
            provider=provider.name,
            outcome=failure.outcome,
            status=failure.status,
            purpose=ask.purpose,
        )
        await self._record(
            ask,
            provider,
            failure.outcome,
            failure.status,
            failure.tokens,
            cost,
            self._since(started),
        )

    @staticmethod
    def _spend(provider: Provider, tokens: tuple[int, int], spent: _Spent) -> float:
        cost = provider.cost(*tokens)
        spent.tokens_in += tokens[0]
        spent.tokens_out += tokens[1]
        spent.cost_usd += cost
        return cost

    async def _record(
        self,
        ask: Ask[T],
        provider: Provider | None,
        outcome: str,
        status: int | None = None,
        tokens: tuple[int, int] = (0, 0),
        cost: float = 0.0,
        latency_ms: int = 0,
    ) -> None:
        call = self._row(ask, provider, outcome, status, tokens, cost, latency_ms)
        now = self._clock.now()
        await self._db.write(lambda tx: store.record(tx, call, now))

    @staticmethod
    def _row(
        ask: Ask[T],
        provider: Provider | None,
        outcome: str,
        status: int | None = None,
        tokens: tuple[int, int] = (0, 0),
        cost: float = 0.0,
        latency_ms: int = 0,
    ) -> store.Call:
        return store.Call(
            job_id=ask.job_id,
            user_id=ask.user_id,
            correlation_id=ask.correlation_id,
            purpose=ask.purpose,
            provider=provider.name if provider else BUILT_IN,
            model=provider.model if provider else BUILT_IN,
            outcome=outcome,
            http_status=status,
            tokens_in=tokens[0],
            tokens_out=tokens[1],
            cost_usd=cost,
            latency_ms=latency_ms,
        )


def _with_schema(ask: Ask[T]) -> str:
    """The question, and the JSON schema that its answer must fit."""
    (schema,), components = msgspec.json.schema_components([ask.schema])
    described = msgspec.json.encode({**schema, "$defs": components}).decode()
    return f"{ask.user}\n\nAnswer with JSON only, by this JSON schema:\n{described}"


def _read(text: str, schema: type[T]) -> tuple[T | None, str]:
    """The answer as the schema has it, or None and what is wrong."""
    fenced = _FENCED.fullmatch(text)
    body = visible(fenced[1] if fenced else text)
    try:
        return msgspec.json.decode(body, type=schema), ""
    except msgspec.ValidationError as error:
        return None, f"invalid_schema: {error}"
    except msgspec.DecodeError as error:
        return None, f"invalid_json: {error}"


def _kind_of(fault: str) -> str:
    return fault.partition(":")[0]
