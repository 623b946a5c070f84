"""The chain: providers in order, then the caller's fallback (docs/spec.md#llm-chain)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from buildos_box.clock import Clock
from buildos_box.db import Database, StorageError, Tx
from buildos_box.llm import answer_schema, store
from buildos_box.llm.answer_json import without_reasoning
from buildos_box.llm.answer_source import BUILTIN, Origin
from buildos_box.llm.breaker import Breaker
from buildos_box.llm.budget import NEARLY, Budget, Limits, limits_of_user
from buildos_box.llm.changes import LlmAlert
from buildos_box.llm.provider import Provider
from buildos_box.llm.provider_requests import CallFailed, Prompt, Reply, Turn
from buildos_box.log import logger
from buildos_box.settings import LimitsSettings, LlmSettings

T = TypeVar("T")
NO_LIMITS = Limits()
LONGEST_WAIT = timedelta(seconds=5)
WITHIN = timedelta(minutes=8)
"""Less than the time-out of a job, so that a slow chain costs the model's answer, not the job."""
LEAST_SECONDS = 1.0
CUT_OFF, EMPTY, WRONG_LANGUAGE = "cut_off", "empty", "wrong_language"
MORE_ROOM = 2
"""How much longer an answer may be after one was cut off."""
MAX_ANSWER_QUOTED = 20_000
"""How many characters of an invalid answer are sent back with its fault."""
_BUSY = frozenset({"rate_limited", "http_error", "timeout", "connect_error"})
log = logger(__name__)
_NAMED = {"usd": "US dollars", "tokens": "tokens"}


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A question whose answer must fit `schema`, and for whom it is asked.

    `check` may find a fault that a schema cannot express; it is treated like one of the schema.
    """

    purpose: str
    system: str
    user: str
    schema: type[T]
    user_id: str | None = None
    job_id: str | None = None
    correlation_id: str | None = None
    max_output_tokens: int = 1500
    within: timedelta = WITHIN
    """The most time for all tries together; then the fallback answers."""
    check: Callable[[T], str | None] | None = None
    language_check: Callable[[T], str | None] | None = None
    """Finds an answer in another language than the person's: the model's fault, but a sign that
    its server is up.
    """


class Answer(Origin, Generic[T], frozen=True, kw_only=True):
    """A valid answer, who gave it, and what all tries cost."""

    value: T


@dataclass
class _Question(Generic[T]):
    """One question in progress, and its cost so far."""

    ask: Ask[T]
    schema: dict[str, Any]
    until: float
    """By the monotonic clock, in seconds."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    outcomes: list[str] = field(default_factory=list)

    def first_turn(self) -> Turn:
        described = msgspec.json.encode(self.schema).decode()
        return Turn(
            "user",
            f"{self.ask.user}\n\nAnswer with JSON only, by this JSON schema:\n{described}",
        )

    def read(self, reply: Reply) -> tuple[T | None, str]:
        """The value of a reply, or None and the fault: `<kind>: <detail>`."""
        value, fault = answer_schema.read(reply.text, self.ask.schema)
        if value is None and reply.was_cut:
            return None, f"{CUT_OFF}: it is longer than it may be"
        if not reply.text.strip():
            return None, f"{EMPTY}: there is no answer"
        if value is not None and self.ask.check is not None:
            found = self.ask.check(value)
            if found is not None:
                return None, f"invalid_content: {found}"
        if value is not None and self.ask.language_check is not None:
            found = self.ask.language_check(value)
            if found is not None:
                return None, f"{WRONG_LANGUAGE}: {found}"
        return value, fault


@dataclass(frozen=True, slots=True)
class Attempt:
    """The conversation so far, and the longest length of the next answer."""

    turns: tuple[Turn, ...]
    max_output_tokens: int

    def after(self, reply: Reply, fault: str) -> "Attempt":
        """The second try: with a higher limit for an answer that was cut off, else with the fault
        named.
        """
        kind = answer_schema.kind_of(fault)
        if kind == CUT_OFF:
            return replace(self, max_output_tokens=self.max_output_tokens * MORE_ROOM)
        if kind == EMPTY:
            return self
        answered = without_reasoning(reply.text).strip() or reply.text.strip()
        demand = f"That is not valid: {fault}. Answer again with the corrected JSON only."
        turns = (Turn("assistant", answered[:MAX_ANSWER_QUOTED]), Turn("user", demand))
        return replace(self, turns=(*self.turns, *turns))


class SmartLLM:
    """Asks providers in order until one gives a valid answer, within one budget."""

    def __init__(
        self,
        providers: tuple[Provider, ...],
        *,
        db: Database,
        clock: Clock,
        whole: Limits = NO_LIMITS,
        user: Limits = NO_LIMITS,
        concurrency: int = 4,
        store_prompts: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.providers = providers
        self.budget = Budget(db, clock, whole=whole, user=user)
        self._db = db
        self._clock = clock
        self._slots = asyncio.Semaphore(concurrency)
        self._store_prompts = store_prompts
        self._sleep = sleep
        self._breakers = {p.name: Breaker(clock.monotonic) for p in providers}

    @classmethod
    def from_settings(
        cls,
        settings: LlmSettings,
        limits: LimitsSettings,
        *,
        db: Database,
        clock: Clock,
        http: "httpx.AsyncClient",
    ) -> "SmartLLM":
        """The chain of the configuration."""
        return cls(
            tuple(Provider(provider, http) for provider in settings.providers),
            db=db,
            clock=clock,
            whole=Limits(settings.daily_budget_usd, settings.daily_budget_tokens),
            user=limits_of_user(settings, limits),
            concurrency=settings.concurrency,
            store_prompts=settings.store_prompts,
        )

    async def warnings(self) -> list[str]:
        """What keeps language models from answering now, as sentences for operators."""
        said = []
        limit = await self.budget.spent(paid=True) if self.providers else None
        if limit is not None:
            said.append(_budget_words(limit))
        elif self.providers and self.budget.whole.is_limited:
            spent = await store.spent_since(self._db, store.day_start(self._clock.now()))
            said += map(_nearly_words, self.budget.nearly_spent(*spent))
        down = [p.name for p in self.providers if self._breakers[p.name].is_open]
        if down:
            said.append(f"{', '.join(down)} failed five times in a row and is not called for now")
        return said

    def states(self) -> list[dict[str, str]]:
        """Every provider in order: `name`, `model`, and `state` (ok, untested, resting, down)."""
        return [
            {"name": p.name, "model": p.model, "state": self._breakers[p.name].state}
            for p in self.providers
        ]

    async def ask(self, ask: Ask[T], *, fallback: Callable[[], T]) -> Answer[T]:
        """The first valid answer of the chain, else `fallback()`. Every call is recorded.

        Never raises for a provider's fault.
        """
        until = self._clock.monotonic() + ask.within.total_seconds()
        question = _Question(ask, answer_schema.json_schema(ask.schema), until)
        async with self._slots:
            for provider in self.providers:
                value = await self._ask_one(provider, question)
                if value is not None:
                    return _answer(value, f"{provider.name}:{provider.model}", question)
        if self.providers:
            await self._record(question, None, BUILTIN)
        return _answer(fallback(), BUILTIN, question, why=_why(question))

    async def _ask_one(self, provider: Provider, question: _Question[T]) -> T | None:
        """The provider's answer, asked for once more if the first is not usable; None if neither
        is.

        A provider whose answers are not usable counts as failing, save for their language.
        """
        limit = await self.budget.spent(paid=provider.is_paid)
        own = limit or await self.budget.spent_by(question.ask.user_id, paid=provider.is_paid)
        breaker = self._breakers[provider.name]
        refused = "budget" if own else breaker.refuses()
        if refused is not None:
            await self._record(question, provider, refused, alert=_budget_alert(limit))
            return None
        if question.until - self._clock.monotonic() < LEAST_SECONDS:
            breaker.abandoned()
            await self._record(question, provider, "no_time")
            return None
        tried = Attempt((question.first_turn(),), question.ask.max_output_tokens)
        for last in (False, True):
            reply = await self._call(provider, question, tried)
            if reply is None:
                return None
            value, fault = question.read(reply)
            alert = None
            if value is not None or answer_schema.kind_of(fault) == WRONG_LANGUAGE:
                breaker.succeeded()
            elif last and breaker.failed():
                alert = _down_alert(provider, answer_schema.kind_of(fault))
            await self._record_reply(provider, question, tried, reply, fault, alert)
            if value is not None or last:
                return value
            limit = await self.budget.spent(paid=provider.is_paid)
            if limit is not None:
                breaker.abandoned()
                await self._record(question, provider, "budget", alert=_budget_alert(limit))
                return None
            tried = tried.after(reply, fault)
        return None

    async def _call(
        self,
        provider: Provider,
        question: _Question[T],
        tried: Attempt,
        *,
        again: bool = True,
    ) -> Reply | None:
        """A reply; None if the next provider must be asked.

        A provider that asks for a short wait (at most 5 s) is asked once more after it; one that
        asks for a longer one is not called until then.
        """
        ask, breaker = question.ask, self._breakers[provider.name]
        left = max(question.until - self._clock.monotonic(), LEAST_SECONDS)
        prompt = Prompt(ask.system, tried.turns, tried.max_output_tokens, question.schema)
        started = self._clock.monotonic()
        try:
            with self.budget.on_the_way(ask.user_id, *_estimate(provider, prompt)):
                reply = await provider.call(prompt, longest_seconds=left)
        except CallFailed as failure:
            wait = failure.retry_after if failure.outcome in _BUSY else None
            short = wait is not None and wait <= LONGEST_WAIT
            if failure.outcome == "too_long":  # the question's fault, not the provider's
                breaker.abandoned()
                opened = False
            else:
                opened = breaker.failed(None if short else wait)
            await self._record_failure(provider, question, failure, started, opened=opened)
            if wait is not None and short and again:
                await self._sleep(wait.total_seconds())
                return await self._call(provider, question, tried, again=False)
            return None
        except asyncio.CancelledError:
            breaker.abandoned()
            # Nothing can be awaited after a cancellation; the row is submitted without waiting.
            tokens = provider.at_most(prompt)
            call = self._row(
                question,
                provider,
                "cancelled",
                None,
                tokens,
                provider.cost(*tokens),
                self._since(started),
            )
            now = self._clock.now()
            self._db.submit(lambda tx: store.record(tx, call, now))
            raise
        return replace(reply, latency_ms=self._since(started))

    def _since(self, started: float) -> int:
        return int((self._clock.monotonic() - started) * 1000)

    async def _record_reply(
        self,
        provider: Provider,
        question: _Question[T],
        tried: Attempt,
        reply: Reply,
        fault: str,
        alert: LlmAlert | None,
    ) -> None:
        tokens = (reply.tokens_in, reply.tokens_out)
        cost = _spend(provider, tokens, question)
        outcome = answer_schema.kind_of(fault) if fault else "ok"
        said = None
        if self._store_prompts:
            turns = msgspec.json.encode(tried.turns).decode()
            said = store.Said(question.ask.system, turns, reply.text)
        await self._record(
            question, provider, outcome, 200, tokens, cost, reply.latency_ms, alert=alert, said=said
        )

    async def _record_failure(
        self,
        provider: Provider,
        question: _Question[T],
        failure: CallFailed,
        started: float,
        *,
        opened: bool,
    ) -> None:
        cost = _spend(provider, failure.tokens, question)
        log.warning(
            "llm_call_failed",
            provider=provider.name,
            outcome=failure.outcome,
            status=failure.status,
            purpose=question.ask.purpose,
        )
        await self._record(
            question,
            provider,
            failure.outcome,
            failure.status,
            failure.tokens,
            cost,
            self._since(started),
            alert=_down_alert(provider, _described(failure)) if opened else None,
        )

    async def _record(
        self,
        question: _Question[T],
        provider: Provider | None,
        outcome: str,
        status: int | None = None,
        tokens: tuple[int, int] = (0, 0),
        cost: float = 0.0,
        latency_ms: int = 0,
        *,
        alert: LlmAlert | None = None,
        said: store.Said | None = None,
    ) -> None:
        question.outcomes.append(outcome)
        call = self._row(question, provider, outcome, status, tokens, cost, latency_ms)
        now = self._clock.now()

        def write(tx: Tx) -> None:
            store.record(tx, call, now, alert=alert, said=said)
            if tokens != (0, 0) and self.budget.whole.is_limited:
                for limit in self.budget.nearly_spent(*store.spent_today(tx, now)):
                    store.announce_alert(tx, _nearly_alert(limit), now)

        try:
            await self._db.write(write)
        except StorageError as error:
            # The answer is worth more than its record.
            log.error("llm_call_not_recorded", error=error.message, outcome=outcome)

    @staticmethod
    def _row(
        question: _Question[T],
        provider: Provider | None,
        outcome: str,
        status: int | None = None,
        tokens: tuple[int, int] = (0, 0),
        cost: float = 0.0,
        latency_ms: int = 0,
    ) -> store.Call:
        ask = question.ask
        return store.Call(
            job_id=ask.job_id,
            user_id=ask.user_id,
            correlation_id=ask.correlation_id,
            purpose=ask.purpose,
            provider=provider.name if provider else BUILTIN,
            model=provider.model if provider else BUILTIN,
            outcome=outcome,
            http_status=status,
            tokens_in=tokens[0],
            tokens_out=tokens[1],
            cost_usd=cost,
            latency_ms=latency_ms,
        )


def _answer(value: T, source: str, question: _Question[T], *, why: str | None = None) -> Answer[T]:
    return Answer(
        value=value,
        source=source,
        why_built_in=why,
        tokens_in=question.tokens_in,
        tokens_out=question.tokens_out,
        cost_usd=question.cost_usd,
    )


def _why(question: _Question[T]) -> str:
    """Why no provider answered; `budget` only if nothing else was tried."""
    tried = [outcome for outcome in question.outcomes if outcome != BUILTIN]
    if not tried:
        return "not_configured"
    return "budget" if all(outcome == "budget" for outcome in tried) else "unavailable"


def _estimate(provider: Provider, prompt: Prompt) -> tuple[int, float]:
    """The most tokens and dollars that a call may cost."""
    tokens = provider.at_most(prompt)
    return sum(tokens), provider.cost(*tokens)


def _spend(provider: Provider, tokens: tuple[int, int], question: _Question[T]) -> float:
    cost = provider.cost(*tokens)
    question.tokens_in += tokens[0]
    question.tokens_out += tokens[1]
    question.cost_usd += cost
    return cost


def _budget_alert(limit: str | None) -> LlmAlert | None:
    if limit is None:
        return None
    return LlmAlert("llm_budget", _budget_words(limit), once_a_day=True)


def _nearly_alert(limit: str) -> LlmAlert:
    return LlmAlert(f"llm_budget_nearly:{limit}", _nearly_words(limit), once_a_day=True)


def _budget_words(limit: str) -> str:
    return (
        f"today's budget of {_NAMED[limit]} for language models is spent; "
        "the built-in analyst works until midnight UTC"
    )


def _nearly_words(limit: str) -> str:
    return (
        f"{NEARLY * 100:.0f} % or more of today's budget of {_NAMED[limit]} "
        "for language models is spent; "
        "when all is, the built-in analyst works until midnight UTC"
    )


def _described(failure: CallFailed) -> str:
    return f"{failure.outcome} ({failure.status})" if failure.status else failure.outcome


def _down_alert(provider: Provider, at_last: str) -> LlmAlert:
    return LlmAlert(
        f"llm_down:{provider.name}",
        f"{provider.name} failed five times in a row, at last with {at_last}; "
        "it is tested again once a minute",
    )
