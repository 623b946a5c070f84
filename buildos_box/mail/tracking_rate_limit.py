"""How many opens and clicks one address may have counted: their addresses are open to everybody."""

from collections import Counter
from collections.abc import Callable

MINUTE = 60.0


class TrackingRateLimit:
    """Counts hits by address, afresh each minute; 0 per minute means no limit."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._minute = 0
        self._hits: Counter[str] = Counter()

    def allows(self, address: str) -> bool:
        """Count one more of that address; false if it is one too many."""
        minute = int(self._monotonic() // MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._hits.clear()
        self._hits[address] += 1
        return not self._per_minute or self._hits[address] <= self._per_minute
