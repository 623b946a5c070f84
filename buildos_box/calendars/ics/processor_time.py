"""How much of a processor reading one file may take, measured and not guessed from its size."""

import math
import time
from collections.abc import Callable


class ProcessorTimeSpentError(Exception):
    """Reading on would take more of the processor than it may."""


class ProcessorTime:
    """Processor time of the thread that makes it, in seconds."""

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
        """Raise ProcessorTimeSpentError if it is used up."""
        if self.used > self._seconds:
            raise ProcessorTimeSpentError
