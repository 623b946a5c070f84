"""What may be spent on language models in a day, UTC (spec 11)."""

from collections.abc import Iterator
from contextlib import contextmanager

from buildos_box.clock import Clock, Instant
from buildos_box.db import Database
from buildos_box.llm import store

CHARS_PER_TOKEN = 4
"""A rule of thumb for English; only what is on its way is counted by it."""


def day_start(now: Instant) -> Instant:
    """The UTC midnight at which the present budget began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


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

    async def spent(self, *, paid: bool) -> str | None:
        """Which limit is reached: `usd`, `tokens`, or None.

        A provider without a price (`paid` false) is never stopped by the limit in dollars.
        """
        if self.usd is None and self.tokens is None:
            return None
        usd, tokens = await store.spent_since(self._db, day_start(self._clock.now()))
        if paid and self.usd is not None and usd + self._usd_on_the_way >= self.usd:
            return "usd"
        if self.tokens is not None and tokens + self._tokens_on_the_way >= self.tokens:
            return "tokens"
        return None

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
