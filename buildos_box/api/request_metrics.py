"""Counts requests by route, with the time to the first byte of the response."""

from bisect import bisect_left
from typing import Any

BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Seconds."""
NO_ROUTE = "none"


class Times:
    """How long the answers of one route took."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        """How many took up to each of the buckets, and the rest."""
        self.sum = 0.0


class HttpMeter:
    """The counts of this process. Routes are patterns, so that their number is bounded.

    Only the API's event loop counts, so that this needs no lock.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str, int], int] = {}
        """By method, route and status."""
        self.times: dict[str, Times] = {}
        """By route."""

    def count(self, scope: Any, status: int, seconds: float) -> None:
        """Count a response whose head is sent so many seconds after its request came."""
        route = str(scope.get("path_template") or NO_ROUTE)
        key = (scope["method"], route, status)
        self.answers[key] = self.answers.get(key, 0) + 1
        times = self.times.get(route)
        if times is None:
            times = self.times[route] = Times()
        times.counts[bisect_left(BUCKETS, seconds)] += 1
        times.sum += seconds
