"""What may be spent on language models in a day, UTC (docs/spec.md#llm-budget)."""

from collections.abc import Iterator
from contextlib import contextmanager

from buildos_box.clock import Clock
from buildos_box.db import Database
from buildos_box.llm import store

NEARLY = 0.8
"""The share of a budget at which operators are told."""


class Budget:
    """Counts what was spent and what is being spent, so that calls at once don't overrun it."""

    def __init__(
        self, db: Database, clock: Clock, *, usd: float | None, tokens: int | None
    ) -> None:
        self.usd = usd
        self.tokens = tokens
        self._db = db
        self._clock = clock
        self._usd_on_the_way = 0.0
        self._tokens_on_the_way = 0

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.usd is not None or self.tokens is not None

    async def spent(self, *, paid: bool) -> str | None:
        """Which limit is reached: `usd`, `tokens`, or None.

        A provider without a price (`paid` false) is never stopped by the limit in dollars.
        """
        if not self.is_limited:
            return None
        usd, tokens = await store.spent_since(self._db, store.day_start(self._clock.now()))
        if paid and self.usd is not None and usd + self._usd_on_the_way >= self.usd:
            return "usd"
        if self.tokens is not None and tokens + self._tokens_on_the_way >= self.tokens:
            return "tokens"
        return None

    def nearly_spent(self, usd: float, tokens: int) -> list[str]:
        """Of which limits, `usd` or `tokens`, that much is 80 % or more."""
        limits = {"usd": (usd, self.usd), "tokens": (tokens, self.tokens)}
        return [
            name
            for name, (spent, limit) in limits.items()
            if limit is not None and limit > 0 and spent >= NEARLY * limit
        ]

    @contextmanager
    def on_the_way(self, tokens: int, usd: float) -> Iterator[None]:
        """Count an estimate as spent for as long as the call runs."""
        self._tokens_on_the_way += tokens
        self._usd_on_the_way += usd
        try:
            yield
        finally:
            self._tokens_on_the_way -= tokens
            self._usd_on_the_way -= usd
