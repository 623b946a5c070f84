"""Counts requests by route, with the time to the first byte of the response."""

import time
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

NAMESPACE = "buildos_box"
BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Seconds."""
NO_ROUTE = "none"
_STARTED = "request_started"

# When a series began says nothing that a restart does not, and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Timing:
    """ASGI middleware: stores when a request arrived."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        scope.setdefault("state", {})[_STARTED] = time.perf_counter()
        await self._app(scope, receive, send)


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

    async def before_send(self, message: Message, scope: Scope) -> None:
        """Count a response when its head is sent.

        It is a hook and not a middleware, which would not see paths without a route.
        """
        if message["type"] != "http.response.start":
            return
        values: Any = scope
        route = str(values.get("path_template") or NO_ROUTE)
        self._requests.labels(values["method"], route, str(message["status"])).inc()
        started = values.get("state", {}).get(_STARTED)
        if started is not None:
            self._seconds.labels(route).observe(time.perf_counter() - started)
