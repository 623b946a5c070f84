"""The correlation id of a request, taken from its header or made.

The rules: docs/spec.md#correlation.
"""

import re
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from buildos_box.clock import Clock
from buildos_box.ids import Ids
from buildos_box.log import correlated

HEADER = "X-Correlation-Id"
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_KEY = "correlation_id"


class Correlation:
    """ASGI middleware: binds the id for logs and adds it to the response."""

    def __init__(self, app: ASGIApp, *, clock: Clock, ids: Ids) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given = _header(scope)
        correlation_id = given or self._ids.new("corr", self._clock.now())
        scope.setdefault("state", {})[_KEY] = correlation_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                headers.append((HEADER.lower().encode(), correlation_id.encode()))
                message["headers"] = headers
            await send(message)

        with correlated(correlation_id):
            await self._app(scope, receive, send_with_id)


def _header(scope: Any) -> str | None:
    wanted = HEADER.lower().encode()
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            text = value.decode("latin-1")
            return text if _SAFE.fullmatch(text) else None
    return None


def correlation_of(scope: Any) -> str:
    """The correlation id of this request."""
    return str(scope.get("state", {}).get(_KEY, ""))


def provide_correlation(scope: Scope) -> str:
    """The correlation id, for handlers that pass it on to jobs."""
    return correlation_of(scope)
