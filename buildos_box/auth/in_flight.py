"""The limit on concurrent requests of one caller, so that all callers share the one writer."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection

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

    def response_begins(self, scope: Any, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """A stream counts as answered when it begins: streams have a limit of their own."""
        if _KEY not in scope["state"]:
            return
        for name, value in headers:
            if value.startswith(_STREAM) and name.lower() == b"content-type":
                self.request_ends(scope)
                return

    def request_ends(self, scope: Any) -> None:
        """The request is answered, or its connection has ended."""
        key = scope["state"].pop(_KEY, None)
        if key is not None:
            self.leave(key)


def in_flight_guard(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Count the request, after its caller is known. Raises RateLimited."""
    state = connection.scope["state"]
    caller: Caller | None = state.get("caller")
    if caller is not None:
        requests: RequestsInFlight = connection.app.state.requests_in_flight
        state[_KEY] = requests.enter(caller)
