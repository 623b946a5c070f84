"""The circuit breaker of a provider (docs/spec.md#llm-breaker)."""

from collections.abc import Callable
from datetime import timedelta

OPENS_AFTER = 5
HALF_OPEN_AFTER_SECONDS = 60.0
LONGEST_REST = timedelta(hours=1)


class Breaker:
    """Counts failures in a row. After a minute one call may test the provider; it closes or
    reopens.

    A provider that asks for a pause (429 or 503 with `Retry-After`) gets it, at most an hour.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._opened_at: float | None = None
        self._rests_until = 0.0
        self._probing = False
        self._answered = False

    @property
    def is_open(self) -> bool:
        """Whether the provider has failed so often that it is not called; reading
        changes nothing.
        """
        return self._opened_at is not None

    @property
    def state(self) -> str:
        """`ok`, `untested` (no call has ended since the start), `resting` (the provider asked for
        a pause), or `down` (open); reading changes nothing.
        """
        if self._monotonic() < self._rests_until:
            return "resting"
        if self._opened_at is not None:
            return "down"
        return "ok" if self._answered else "untested"

    def refuses(self) -> str | None:
        """Why the provider must not be called now; None lets one call through.

        Each call that is let through must end with `succeeded`, `failed` or `abandoned`.
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
        """A call succeeded: close."""
        self._answered = True
        self._failures = 0
        self._opened_at = None
        self._probing = False

    def failed(self, rest: timedelta | None = None) -> bool:
        """A call failed: the fifth in a row opens, and any while half-open reopens.

        Returns whether it was closed before and has opened.
        """
        self._answered = True
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
        """The caller stopped waiting, which says nothing about the provider."""
        self._probing = False
