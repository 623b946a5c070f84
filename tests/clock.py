"""A clock moved by hand."""

from datetime import timedelta

from buildos_box.clock import Instant, from_text, truncate


class ManualClock:
    """Stands still until a test moves it."""

    def __init__(self, start: Instant | str = "2024-10-23T08:00:00Z") -> None:
        self._now = from_text(start) if isinstance(start, str) else truncate(start)
        self._elapsed = 0.0

    def now(self) -> Instant:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, by: timedelta) -> None:
        self._now = truncate(self._now + by)
        self._elapsed += by.total_seconds()

    def set(self, to: Instant | str) -> None:
        target = from_text(to) if isinstance(to, str) else truncate(to)
        self._elapsed += max(0.0, (target - self._now).total_seconds())
        self._now = target
