"""The server's open connections: how many, from where, and until when."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from buildos_box.log import logger

log = logger(__name__)
SWEEP_SECONDS = 0.5
REFUSED_AT_ONCE = 64
"""Connections past the limit that get an answer that says so; those after them are only closed."""


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """Limits on the number of connections and on their time."""

    total: int = 1000
    per_address: int = 200
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    body_bytes_per_second: int = 16 * 1024
    """Bytes of a body that extend its deadline by a second."""
    send_seconds: float = 30.0
    """Seconds that a client may leave an answer unread."""


class Connection(Protocol):
    """What `Connections` needs of a connection."""

    address: str
    deadline: float
    """The deadline on the loop's clock; infinite if nothing is expected from the client."""

    def on_deadline(self) -> None:
        """Called when the client has not sent what was expected in time."""

    def unsent(self) -> int:
        """Bytes of answers that the client has not read."""

    def close(self) -> None:
        """Close it after what has been written."""

    def abort(self) -> None:
        """Close it at once."""


class ConnectionRegistry:
    """All open connections of one server; used on its event loop only."""

    def __init__(
        self,
        limits: ConnectionLimits,
        *,
        group_of: Callable[[str], str] = lambda address: address,
        is_shared: Callable[[str], bool] = lambda _address: False,
    ) -> None:
        """`group_of` names the group that an address counts towards; `is_shared` is true for
        proxies.
        """
        self.limits = limits
        self.refused = 0
        self._group_of = group_of
        self._is_shared = is_shared
        self._open: dict[Connection, str] = {}
        self._per_group: Counter[str] = Counter()
        self._idle: dict[Connection, None] = {}
        """Connections without a request, the one idle for longest first."""
        self._stalled: dict[Connection, tuple[int, float]] = {}
        self._admitted = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Register a connection; false if there are too many. An idle one is
        closed to make space.
        """
        group = "" if self._is_shared(connection.address) else self._group_of(connection.address)
        if group and self._per_group[group] >= self.limits.per_address:
            if not self._close_idle(group):
                return False
        elif len(self._open) >= self.limits.total and not self._close_idle(None):
            return False
        self._open[connection] = group
        self._per_group[group] += 1
        self._admitted.set()
        return True

    def _close_idle(self, group: str | None) -> bool:
        for connection in self._idle:
            if group is None or self._open[connection] == group:
                self.forget(connection)
                connection.close()
                return True
        return False

    def forget(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._idle.pop(connection, None)
        self._stalled.pop(connection, None)
        group = self._open.pop(connection, None)
        if group is not None:
            self._per_group[group] -= 1
            if not self._per_group[group]:
                del self._per_group[group]

    def is_idle(self, connection: Connection) -> None:
        """Mark it as idle: it has answered all requests."""
        if connection in self._open:
            self._idle[connection] = None

    def is_busy(self, connection: Connection) -> None:
        """Mark it as busy: a request has begun to arrive."""
        self._idle.pop(connection, None)

    async def sweep(self) -> None:
        """Close overdue connections, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._open:
                self._admitted.clear()
                await self._admitted.wait()
            await asyncio.sleep(SWEEP_SECONDS)
            self.close_overdue(loop.time())

    def close_overdue(self, now: float) -> None:
        """Close connections whose client has not sent or read anything for too long."""
        for connection in list(self._open):
            if connection.deadline <= now:
                connection.on_deadline()
            elif self._is_stalled(connection, now):
                log.warning("slow_reader_closed", address=connection.address)
                connection.abort()

    def _is_stalled(self, connection: Connection, now: float) -> bool:
        unsent = connection.unsent()
        if not unsent:
            self._stalled.pop(connection, None)
            return False
        before, since = self._stalled.get(connection, (math.inf, now))
        if unsent < before:
            self._stalled[connection] = (unsent, now)
            return False
        return now - since >= self.limits.send_seconds
