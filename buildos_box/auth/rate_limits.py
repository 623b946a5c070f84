"""How often somebody may ask: guesses at tokens per address, requests per token.

The rules: docs/spec.md#api-rate-limits.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from litestar.connection import ASGIConnection

from buildos_box.auth.caller import Caller
from buildos_box.auth.client_address import ClientAddresses
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.tokens import USER_PREFIX
from buildos_box.errors import RateLimited, Unauthorized

T = TypeVar("T")
MOST_REMEMBERED = 10_000
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Buckets:
    """Token buckets by name: `per_minute` in a burst, and the same again each minute.

    The oldest names are forgotten, so that their number is bounded; 0 per minute means no limit.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._size = float(per_minute)
        self._monotonic = monotonic
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _level(self, name: str) -> float:
        level, at = self._levels.get(name, (self._size, 0.0))
        return min(self._size, level + (self._monotonic() - at) * self._size / 60)

    def wait(self, name: str) -> timedelta | None:
        """How long until one more is allowed; None if it is now."""
        if not self._size:
            return None
        lacking = 1.0 - self._level(name)
        if lacking <= 1e-9:
            return None
        return timedelta(seconds=math.ceil(lacking * 60 / self._size))

    def take(self, name: str) -> None:
        """Count one."""
        if not self._size:
            return
        self._levels[name] = (max(0.0, self._level(name) - 1), self._monotonic())
        self._levels.move_to_end(name)
        while len(self._levels) > MOST_REMEMBERED:
            self._levels.popitem(last=False)


class Authenticator:
    """Recognises callers, and sends away who guesses or asks too often."""

    def __init__(
        self,
        keyring: Keyring,
        monotonic: Callable[[], float],
        *,
        trusted_proxies: tuple[str, ...] = (),
        failures_per_minute: int = 20,
        user_requests_per_minute: int = 600,
    ) -> None:
        self._keyring = keyring
        self.addresses = ClientAddresses(trusted_proxies)
        self._failures = Buckets(failures_per_minute, monotonic)
        self._requests = Buckets(user_requests_per_minute, monotonic)
        self._good: OrderedDict[bytes, None] = OrderedDict()

    async def recognise(self, connection: AnyConnection, token: str) -> Caller:
        """The caller that a token stands for. Raises Unauthorized, RateLimited.

        An address from which too many wrong tokens came is answered no guess. A token that was
        right before is still served from there: it may be a neighbour behind the same router.
        """
        client = self.client_of(connection)
        digest = hashlib.sha256(token.encode()).digest()
        wait = self._failures.wait(client)
        if wait is not None and digest not in self._good:
            raise RateLimited("too many wrong tokens came from this address", retry_after=wait)
        try:
            caller = await self._keyring.recognise(token)
        except Unauthorized:
            self._good.pop(digest, None)
            self._failures.take(client)
            raise
        self._good[digest] = None
        self._good.move_to_end(digest)
        while len(self._good) > MOST_REMEMBERED:
            self._good.popitem(last=False)
        return caller

    async def counted(self, connection: AnyConnection, guess: Awaitable[T]) -> T:
        """Another way to be recognised, under the same limit. Raises RateLimited."""
        client = self.client_of(connection)
        wait = self._failures.wait(client)
        if wait is not None:
            if isinstance(guess, Coroutine):
                guess.close()
            raise RateLimited("too many wrong tokens came from this address", retry_after=wait)
        try:
            return await guess
        except Unauthorized:
            self._failures.take(client)
            raise

    def admit(self, caller: Caller) -> None:
        """Count a request of a user's token. Raises RateLimited."""
        if not caller.scope.startswith(USER_PREFIX):
            return
        wait = self._requests.wait(caller.token_id)
        if wait is not None:
            raise RateLimited("too many requests with this token", retry_after=wait)
        self._requests.take(caller.token_id)

    def client_of(self, connection: AnyConnection) -> str:
        """Who is asking, by address."""
        return self.addresses.of(connection)


def client_address(connection: AnyConnection, caller: Caller) -> str | None:
    """The IP address that a user's own request comes from; None for those who ask for others."""
    if caller.only_user is None:
        return None
    authenticator: Authenticator = connection.app.state.authenticator
    return authenticator.client_of(connection)
