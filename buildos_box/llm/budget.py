"""Limits on the cost of language models per UTC day (docs/spec.md#llm-budget)."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from buildos_box.clock import Clock
from buildos_box.db import Database
from buildos_box.llm import store
from buildos_box.settings import LimitsSettings, LlmSettings

NEARLY = 0.8
"""The share of a budget at which operators are alerted."""


TOKENS_FOR_USER = 200_000
"""The default limit of one user per day."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most US dollars and tokens per day; None for no limit."""

    usd: float | None = None
    tokens: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.usd is not None or self.tokens is not None


def limits_of_user(llm: LlmSettings, limits: LimitsSettings) -> Limits:
    """The limits of one user: their own, else a share of the whole budget."""
    usd, tokens = limits.llm_usd_per_day, limits.llm_tokens_per_day
    if usd is None and llm.daily_budget_usd is not None:
        usd = limits.llm_share * llm.daily_budget_usd
    if tokens is None and llm.daily_budget_tokens is not None:
        tokens = int(limits.llm_share * llm.daily_budget_tokens)
    elif tokens is None:
        tokens = TOKENS_FOR_USER
    return Limits(
        usd=None if limits.llm_usd_per_day == 0 else usd,
        tokens=None if limits.llm_tokens_per_day == 0 else tokens,
    )


@dataclass(slots=True)
class _Spending:
    """The estimated cost of calls that have not ended."""

    usd: float = 0.0
    tokens: int = 0


class Budget:
    """Counts the cost of finished and running calls, so that concurrent calls do not exceed it."""

    def __init__(self, db: Database, clock: Clock, *, whole: Limits, user: Limits) -> None:
        self.whole = whole
        self.user = user
        self._db = db
        self._clock = clock
        self._running: dict[str | None, _Spending] = defaultdict(_Spending)
        """By user; None is the sum of all."""

    async def spent(self, *, paid: bool) -> str | None:
        """Which limit of the whole budget is reached: `usd`, `tokens`, or None.

        A provider without a price (`paid` false) is never stopped by the limit in dollars.
        """
        if not self.whole.is_limited:
            return None
        spent = await store.spent_since(self._db, store.day_start(self._clock.now()))
        return _reached(self.whole, spent, self._running[None], paid=paid)

    async def spent_by(self, user_id: str | None, *, paid: bool) -> str | None:
        """Which limit of that user is reached; None also for calls without a user."""
        if user_id is None or not self.user.is_limited:
            return None
        since = store.day_start(self._clock.now())
        spent = await store.spent_by_since(self._db, user_id, since)
        return _reached(self.user, spent, self._running.get(user_id, _Spending()), paid=paid)

    def nearly_spent(self, usd: float, tokens: int) -> list[str]:
        """Which limits, `usd` or `tokens`, these costs reach to 80 % or more."""
        limits = {"usd": (usd, self.whole.usd), "tokens": (tokens, self.whole.tokens)}
        return [
            name
            for name, (spent, limit) in limits.items()
            if limit is not None and limit > 0 and spent >= NEARLY * limit
        ]

    @contextmanager
    def on_the_way(self, user_id: str | None, tokens: int, usd: float) -> Iterator[None]:
        """Count an estimate as spent while the call runs."""
        for name in {None, user_id}:
            self._running[name].tokens += tokens
            self._running[name].usd += usd
        try:
            yield
        finally:
            for name in {None, user_id}:
                self._running[name].tokens -= tokens
                self._running[name].usd -= usd
            if user_id is not None and self._running[user_id].tokens == 0:
                del self._running[user_id]


def _reached(
    limits: Limits, spent: tuple[float, int], running: _Spending, *, paid: bool
) -> str | None:
    usd, tokens = spent
    if paid and limits.usd is not None and usd + running.usd >= limits.usd:
        return "usd"
    if limits.tokens is not None and tokens + running.tokens >= limits.tokens:
        return "tokens"
    return None
