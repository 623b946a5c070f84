"""What happens around every request, in one layer outside the router.

Litestar's own middleware and hooks would each wrap every message once more, and middleware sees
nothing of paths and methods that no route has.
"""

import time
from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from buildos_box.api import correlation
from buildos_box.api.request_metrics import HttpMeter
from buildos_box.auth.in_flight import RequestsInFlight
from buildos_box.clock import Clock
from buildos_box.ids import Ids
from buildos_box.log import correlate, uncorrelate

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    # Answers are somebody's own, unless they say for themselves that they may be kept.
    b"cache-control": b"no-store",
}
"""Of every response (docs/spec.md#page-security)."""


class RequestLayer:
    """ASGI: binds the correlation id, adds headers, counts requests and those in flight."""

    def __init__(
        self, app: ASGIApp, *, clock: Clock, ids: Ids, meter: HttpMeter, in_flight: RequestsInFlight
    ) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = correlation.given_in(scope)
        correlation_id = given or self._ids.new("corr", self._clock.now())
        correlation.bind(scope, correlation_id)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                headers += _lacking_headers(headers)
                headers.append((correlation.HEADER_BYTES, correlation_id.encode()))
                message["headers"] = headers
                self._meter.count(scope, message["status"], time.perf_counter() - started)
                self._in_flight.response_begins(scope, headers)
            await send(message)

        before = correlate(correlation_id)
        try:
            await self._app(scope, receive, send_on)
        finally:
            self._in_flight.request_ends(scope)
            uncorrelate(before)


def _lacking_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Those that the response has not set itself."""
    own = {name.lower() for name, _ in headers}
    return [pair for pair in SECURITY_HEADERS.items() if pair[0] not in own]
