"""Time that only moves when everybody waits: one loop, one thread, no clock of the machine's."""

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


class _NothingToSee(selectors.SelectSelector):
    """Instead of waiting for sockets, lets the loop's time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.pass_time: Callable[[float], None] = lambda _seconds: None

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("the simulation stands still: all wait, and for nothing")
        if timeout > 0:
            self.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeps end at once, in the order of their times; threads' work is done on the spot."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.answer_after = 0.0
        """Seconds until a thread's work that has just been done is known to have been done."""
        selector = _NothingToSee()
        super().__init__(selector)
        selector.pass_time = self._pass_time
        self._clock_resolution = 1e-5  # years of seconds leave floats no nanoseconds

    def _pass_time(self, seconds: float) -> None:
        self.elapsed += seconds

    def time(self) -> float:
        return self.elapsed

    def _write_to_self(self) -> None:
        """Nobody sleeps in a system call."""

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        future = self.create_future()
        self.answer_after = 0.0
        try:
            result, error = func(*args), None
        except BaseException as raised:
            result, error = None, raised

        def settle() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        if self.answer_after:
            self.call_later(self.answer_after, settle)
        else:
            settle()
        return future


class SimClock:
    """The box's clock: the loop's time, and how wrong the machine's clock is at the moment."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start
        self.wrong_by = timedelta(0)
        self._read_at = -1.0
        self._read = start

    def true_now(self) -> datetime:
        if self._read_at != self._loop.elapsed:
            self._read_at = self._loop.elapsed
            self._read = self._start + timedelta(milliseconds=round(self._read_at * 1000))
        return self._read

    def now(self) -> datetime:
        return self.true_now() + self.wrong_by

    def monotonic(self) -> float:
        return self._loop.elapsed

    def seconds_until(self, instant: datetime) -> float:
        return max(0.0, (instant - self.now()).total_seconds())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
