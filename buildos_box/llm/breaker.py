"""A breaker: after five failures in a row a provider is left alone for a minute.

The rules: docs/spec.md#llm-breaker.
"""

from collections.abc import Callable
from datetime import timedelta

OPENS_AFTER = 5
HALF_OPEN_AFTER_SECONDS = 60.0
LONGEST_REST = timedelta(hours=1)


class Breaker:
    """Counts failures in a row. After a minute one call may try again; it closes or reopens.

    A provider that asks for a rest (429 or 503 with `Retry-After`) is given it, an hour at most.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._opened_at: float | None = None
        self._rests_until = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether it has failed so often that it is left alone; asking changes nothing."""
        return self._opened_at is not None

    @property
    def state(self) -> str:
        """`ok`, `resting` (asked to be left alone), or `down` (open); asking changes nothing."""
        if self._monotonic() < self._rests_until:
            return "resting"
        return "ok" if self._opened_at is None else "down"

    def refuses(self) -> str | None:
        """Why the provider is to be left alone now; None lets one call through.

        Each call let through ends with `succeeded`, `failed` or `abandoned`.
        """
        now = self._monotonic()
        if now < self._rests_until:
            return "resting"
        if self._opened_at is None:
            return None
        if self._probing or now - self._opened_at < HALF_OPEN_AFTER_SECONDS:
            return "breaker_open"
        self._probing = True
        return None

    def succeeded(self) -> None:
        """A call went well: closed."""
        self._failures = 0
        self._opened_at = None
        self._probing = False

    def failed(self, rest: timedelta | None = None) -> bool:
        """A call failed: the fifth in a row opens it, and any while half-open reopens it.

        Returns whether it has opened just now, having been closed.
        """
        self._failures += 1
        self._probing = False
        now = self._monotonic()
        if rest is not None:
            self._rests_until = now + min(rest, LONGEST_REST).total_seconds()
        opens = self._failures >= OPENS_AFTER
        opened = opens and self._opened_at is None
        if opens:
            self._opened_at = now
        return opened

    def abandoned(self) -> None:
        """Whoever asked has stopped waiting: that tells nothing of the provider."""
        self._probing = False
