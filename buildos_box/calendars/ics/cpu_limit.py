"""The processor time that reading one file may take, measured rather than estimated."""

import math
import time
from collections.abc import Callable


class ProcessorTimeSpentError(Exception):
    """Reading on would exceed the processor time allowed."""


class ProcessorTime:
    """Measures the processor time, in seconds, of the thread that creates it."""

    def __init__(
        self, seconds: float = math.inf, measure: Callable[[], float] = time.thread_time
    ) -> None:
        self._measure = measure
        self._start = measure()
        self._seconds = seconds

    @property
    def used(self) -> float:
        """Seconds so far."""
        return self._measure() - self._start

    def check(self) -> None:
        """Raises ProcessorTimeSpentError if it is used up."""
        if self.used > self._seconds:
            raise ProcessorTimeSpentError
