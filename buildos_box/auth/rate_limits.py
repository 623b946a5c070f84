"""Rate limits: wrong tokens per address, requests per user.

The rules: docs/spec.md#api-rate-limits.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection

from buildos_box.auth.caller import Caller
from buildos_box.auth.client_address import ClientAddresses
from buildos_box.errors import Forbidden, RateLimited, Unauthorized
from buildos_box.log import logger

log = logger(__name__)
MOST_REMEMBERED = 10_000
READING = frozenset({"GET", "HEAD", "OPTIONS"})
CHANGES_NOTHING = {"changes_nothing": True}
"""For a route's `opt`: a POST that itself only reads."""
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Buckets:
    """Token buckets by name: `per_minute` as a burst, and the same number each minute.

    The oldest names are forgotten, so that their number is bounded; 0 means no limit.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._size = float(per_minute)
        self._monotonic = monotonic
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _level(self, name: str) -> float:
        level, at = self._levels.get(name, (self._size, 0.0))
        return min(self._size, level + (self._monotonic() - at) * self._size / 60)

    def take(self, name: str) -> timedelta | None:
        """Take one token from the bucket, if there is one.

        Returns how long until there is one; None if it was taken.
        """
        if not self._size:
            return None
        level = self._level(name)
        lacking = 1.0 - level
        if lacking > 1e-9:
            return timedelta(seconds=math.ceil(lacking * 60 / self._size))
        self._levels[name] = (max(0.0, level - 1), self._monotonic())
        self._levels.move_to_end(name)
        while len(self._levels) > MOST_REMEMBERED:
            self._levels.popitem(last=False)
        return None


def _route(connection: AnyConnection) -> str:
    """The route's pattern, since the path itself may contain a key."""
    scope: Any = connection.scope
    return f"{scope.get('method', '')} {scope.get('path_template', '')}"


def _only_reads(connection: AnyConnection) -> bool:
    scope: Any = connection.scope
    handler = scope.get("route_handler")
    reads = handler is not None and handler.opt.get("changes_nothing", False)
    return reads or scope.get("method", "GET") in READING


class Authenticator:
    """Checks every credential: token, session, sign-in link, ticket."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        trusted_proxies: tuple[str, ...] = (),
        failures_per_minute: int = 20,
        user_requests_per_minute: int = 600,
    ) -> None:
        self.addresses = ClientAddresses(trusted_proxies)
        self._failures = Buckets(failures_per_minute, monotonic)
        self._requests = Buckets(user_requests_per_minute, monotonic)

    async def authorise(self, connection: AnyConnection, holder: Awaitable[Caller]) -> Caller:
        """The caller, who may make this request by scope and limits.

        `holder` recognises a credential, wherever it was found. Only failures count against an
        address, and a right credential is looked up whatever came before it, so that wrong ones of
        a neighbour behind the same router lock nobody out. Raises Unauthorized, Forbidden (a viewer
        changes nothing), RateLimited.
        """
        try:
            caller = await holder
        except Unauthorized:
            address = self.client_of(connection)
            wait = self._failures.take(address)
            log.warning("credential_refused", address=address, route=_route(connection))
            if wait:
                message = "too many wrong tokens came from this address"
                raise RateLimited(message, retry_after=wait) from None
            raise
        if caller.only_user is not None and (wait := self._requests.take(caller.limit_key)):
            raise RateLimited("too many requests of this user", retry_after=wait)
        if not caller.may_act and not _only_reads(connection):
            raise Forbidden("this token may only read")
        return caller

    def client_of(self, connection: AnyConnection) -> str:
        """The address of the client, by which failures are counted."""
        return self.addresses.of(connection)


def client_address(connection: AnyConnection, caller: Caller) -> str | None:
    """The IP address of a user's own request; None for callers who act for others."""
    if caller.only_user is None:
        return None
    authenticator: Authenticator = connection.app.state.authenticator
    return authenticator.client_of(connection)
