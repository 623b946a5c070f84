"""Counts requests by route, with the time to the first byte of the response."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

NAMESPACE = "buildos_box"
BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Seconds."""
NO_ROUTE = "none"

# When a series began says nothing that a restart does not, and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]


class HttpMeter:
    """The counts of this process. Routes are patterns, so that their number is bounded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            namespace=NAMESPACE,
            registry=self.registry,
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "Seconds to an answer's first byte.",
            ("route",),
            namespace=NAMESPACE,
            registry=self.registry,
            buckets=BUCKETS,
        )
        # `labels` takes a lock and makes texts, which costs more than the count itself.
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, scope: Any, status: int, seconds: float) -> None:
        """Count a response whose head is sent so many seconds after its request came."""
        route = str(scope.get("path_template") or NO_ROUTE)
        method = scope["method"]
        key = (method, route, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(route),
            )
        series[0].inc()
        series[1].observe(seconds)
