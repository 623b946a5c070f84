"""Counts requests by route, and how long each took to its first byte."""

import time
from collections import Counter
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from buildos_box.api.exposition import Histogram

BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Seconds."""
NO_ROUTE = "none"
_STARTED = "request_started"


class Timing:
    """ASGI middleware: notes when a request came in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        scope.setdefault("state", {})[_STARTED] = time.perf_counter()
        await self._app(scope, receive, send)


class HttpMeter:
    """The figures of one process. Routes are patterns, so that their number is bounded."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.durations: dict[str, Histogram] = {}

    async def before_send(self, message: Message, scope: Scope) -> None:
        """Count an answer as its head is sent.

        A hook and no middleware, since middleware sees nothing of paths that no route has.
        """
        if message["type"] != "http.response.start":
            return
        values: Any = scope
        route = str(values.get("path_template") or NO_ROUTE)
        self.requests[values["method"], route, message["status"]] += 1
        started = values.get("state", {}).get(_STARTED)
        if started is not None:
            seconds = time.perf_counter() - started
            self.durations.setdefault(route, Histogram(BUCKETS)).add(seconds)
