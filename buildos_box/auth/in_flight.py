"""The limit on concurrent requests of one caller, so that all callers share the one writer."""

from collections import Counter
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from buildos_box.auth.caller import Caller
from buildos_box.auth.tokens import ADMIN, SERVICE
from buildos_box.errors import RateLimited
from buildos_box.plural import plural

_KEY = "in_flight"
_STREAM = b"text/event-stream"
RETRY_AFTER = timedelta(seconds=1)


class RequestsInFlight:
    """Counts concurrent requests: of a user over all tokens, of other scopes per token.

    A service's token acts for many users, so its limit is higher.
    """

    def __init__(self, per_token: int, per_service_token: int) -> None:
        self._per_token = per_token
        self._per_service_token = per_service_token
        self._running: Counter[str] = Counter()

    def enter(self, caller: Caller) -> str:
        """Count one; returns the argument for `leave`. Raises RateLimited."""
        most = self._per_service_token if caller.scope in (ADMIN, SERVICE) else self._per_token
        key = caller.limit_key
        if self._running[key] >= most:
            limit = f"the limit of {plural(most, 'request')} of this token at a time is reached"
            message = f"{limit}; send the next after an answer"
            raise RateLimited(message, retry_after=RETRY_AFTER)
        self._running[key] += 1
        return key

    def leave(self, key: str) -> None:
        """A request was answered."""
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]


async def in_flight_guard(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Count the request, after its caller is known. Raises RateLimited."""
    state = connection.scope["state"]
    caller: Caller | None = state.get("caller")
    if caller is not None:
        requests: RequestsInFlight = connection.app.state.requests_in_flight
        state[_KEY] = requests.enter(caller)


class InFlight:
    """ASGI middleware: a request ends when it is answered, a stream when it has begun.

    Streams have a limit of their own.
    """

    def __init__(self, app: ASGIApp, requests: RequestsInFlight) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_stream(message):
                self._leave(scope)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            self._leave(scope)

    def _leave(self, scope: Scope) -> None:
        key = scope.get("state", {}).pop(_KEY, None)
        if key is not None:
            self._requests.leave(key)


def _is_stream(message: Any) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(_STREAM)
        for name, value in message.get("headers", ())
    )
