"""Delivers committed events to open streams; each event is encoded once for all of them.

The writer's thread hands events over after the commit, in the order of commits, which is the order
of ids. Nothing is read from the database for an event that happens while a stream is open.
"""

import asyncio
import contextvars
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from buildos_box.auth import store as access
from buildos_box.auth.changes import TokensRevoked
from buildos_box.clock import Clock
from buildos_box.db import Database, Tx
from buildos_box.errors import RateLimited, Unavailable
from buildos_box.log import logger
from buildos_box.plural import plural
from buildos_box.realtime import sse
from buildos_box.realtime.changes import EventStored
from buildos_box.realtime.stream_queue import End, StreamQueue

log = logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of streams."""

    heartbeat_seconds: float = 15
    retry_ms: int = 3000
    max_bytes: int = 1024 * 1024
    """The most bytes that may wait for one stream, without those in socket buffers."""
    stall_seconds: float = 30
    """How long one send may take before the connection is closed."""
    recheck_seconds: float = 5
    """How often expired tokens are looked for; revoked ones take effect at once."""
    job_seconds: float = 0.1
    """The shortest time between two events about one job."""
    per_user: int = 20
    """Concurrent streams of one user."""
    per_operator: int = 20
    """Concurrent streams of all events with one token."""


class Hub:
    """All open streams. Used on the API's event loop; the writer's thread only hands over to it."""

    def __init__(self, db: Database, clock: Clock, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._db = db
        self._clock = clock
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._groups: dict[str | None, set[StreamQueue]] = defaultdict(set)
        self._beats: list[asyncio.Task[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        db.subscribe(EventStored, self._on_stored)
        db.subscribe(TokensRevoked, self._on_revoked)

    @property
    def listeners(self) -> int:
        """The number of open streams."""
        return sum(len(group) for group in self._groups.values())

    @property
    def is_heard(self) -> bool:
        """Whether any stream is open; any thread may ask."""
        return self._loop is not None

    @contextmanager
    def listening(self, user_id: str | None, token_id: str) -> Iterator[StreamQueue]:
        """A stream that gets every event committed from now on, until the block ends.

        Without a `user_id` it gets all events; only operators may have that. Its place is checked
        and taken in one step, so that concurrent requests cannot pass the limit. Raises Unavailable
        while the server is stopping, RateLimited for one stream too many.
        """
        if self._closed:
            raise Unavailable("the server is stopping; ask again in a moment", code="draining")
        self._require_place(user_id, token_id)
        stream = StreamQueue(user_id, token_id, self.limits.max_bytes)
        self._groups[user_id].add(stream)
        self._loop = asyncio.get_running_loop()
        if not self._beats:
            self._beats = [
                self.spawn(self._every(lambda: self.limits.heartbeat_seconds, self._beat)),
                self.spawn(self._every(lambda: self.limits.recheck_seconds, self._check_tokens)),
            ]
        try:
            yield stream
        finally:
            self._leave(stream)

    def _require_place(self, user_id: str | None, token_id: str) -> None:
        group = self._groups.get(user_id, set())
        if user_id is None:
            most = self.limits.per_operator
            open_now = sum(stream.token_id == token_id for stream in group)
        else:
            most, open_now = self.limits.per_user, len(group)
        if open_now >= most:
            whose = "of this user" if user_id is not None else "with this token"
            raise RateLimited(
                f"the limit of {plural(most, 'stream')} {whose} is reached",
                retry_after=timedelta(milliseconds=self.limits.retry_ms),
            )

    def close(self) -> None:
        """End every stream with a retry hint, and accept no more."""
        self._closed = True
        for stream in self._all():
            stream.end(End.STOPPING)
            self._leave(stream)

    def tell(self, user_id: str | None, event_id: int | None, encode: Callable[[], bytes]) -> None:
        """Queue an event for that user's listeners and for those that get all events."""
        audience = [*self._groups.get(None, ())]
        if user_id is not None:
            audience += self._groups.get(user_id, ())
        if not audience:
            return
        chunk = encode()
        for stream in audience:
            if not stream.put(event_id, chunk):
                log.info("slow_stream_dropped", user_id=stream.user_id)
                self._leave(stream)

    def hand_over(self, act: Callable[..., None], *args: Any) -> bool:
        """Call `act` on the API's event loop, in order; False if no stream is open. Any thread may
        call.
        """
        loop = self._loop
        if loop is None:
            return False  # a stream that opens later reads what is committed by now
        try:
            loop.call_soon_threadsafe(act, *args)
        except RuntimeError:
            return False  # that event loop is closed, and its streams with it
        return True

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run a background task of the hub, outside the context of the request that started it."""
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _all(self) -> list[StreamQueue]:
        return [stream for group in self._groups.values() for stream in group]

    def _leave(self, stream: StreamQueue) -> None:
        group = self._groups.get(stream.user_id, set())
        group.discard(stream)
        if not group:
            self._groups.pop(stream.user_id, None)
        if not self._groups:
            self._loop = None
            for task in self._beats:
                task.cancel()
            self._beats = []

    def _on_stored(self, tx: Tx, event: EventStored) -> None:
        # Checked after the commit, so that a stream that opens meanwhile misses nothing.
        def committed() -> None:
            self.hand_over(self._deliver, event)

        tx.after_commit(committed)

    def _on_revoked(self, tx: Tx, _change: TokensRevoked) -> None:
        def committed() -> None:
            self.hand_over(self._look_at_tokens)

        tx.after_commit(committed)

    def _look_at_tokens(self) -> None:
        self.spawn(self._check_tokens())

    def _deliver(self, event: EventStored) -> None:
        self.tell(
            event.user_id,
            event.id,
            lambda: sse.event(
                event_id=event.id,
                type=event.type,
                user_id=event.user_id,
                at=event.at,
                correlation_id=event.correlation_id,
                data=event.data,
            ),
        )

    async def _every(
        self, seconds: Callable[[], float], work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        while True:
            await asyncio.sleep(seconds())
            try:
                await work()
            except Exception:
                log.exception("realtime_work_failed")

    async def _beat(self) -> None:
        for stream in self._all():
            if stream.idle:
                stream.put(None, sse.HEARTBEAT)

    async def _check_tokens(self) -> None:
        holders = {stream.token_id for stream in self._all()}
        over = await access.invalid_among(self._db, holders, self._clock.now())
        for stream in self._all():
            if stream.token_id in over:
                stream.end(End.TOKEN)
                self._leave(stream)
