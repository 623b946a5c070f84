"""A breaker: after five failures in a row a provider is left alone for a minute (spec 11)."""

from collections.abc import Callable

OPENS_AFTER = 5
HALF_OPEN_AFTER_SECONDS = 60.0


class Breaker:
    """Counts failures in a row. After a minute one call may try again; it closes or reopens."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the provider is to be left alone now."""
        if self._opened_at is None:
            return False
        return self._monotonic() - self._opened_at < HALF_OPEN_AFTER_SECONDS

    def succeeded(self) -> None:
        """A call went well: closed."""
        self._failures = 0
        self._opened_at = None

    def failed(self) -> None:
        """A call failed: the fifth in a row opens it, and any while half-open reopens it."""
        self._failures += 1
        if self._failures >= OPENS_AFTER:
            self._opened_at = self._monotonic()
