"""One open stream: a bounded queue of encoded events."""

import asyncio
from collections import deque
from enum import StrEnum


class End(StrEnum):
    """Why the server ends a stream, as the client is told."""

    SLOW = "the client reads too slowly; reconnect to resume"
    TOKEN = "the token is no longer valid"  # noqa: S105 (a sentence)
    STOPPING = "the server is stopping"


class StreamQueue:
    """The user and the token of a stream, and its waiting events. Belongs to one event loop."""

    def __init__(self, user_id: str | None, token_id: str, max_bytes: int) -> None:
        self.user_id = user_id
        """None for all events."""
        self.token_id = token_id
        self.ended: End | None = None
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[int | None, bytes]] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether no event waits."""
        return not self._waiting

    def put(self, event_id: int | None, chunk: bytes) -> bool:
        """Queue a chunk; False if the queue is full, and then the stream ends after its content."""
        if self.ended is not None:
            return False
        if self._waiting and self._bytes + len(chunk) > self._max_bytes:
            self.end(End.SLOW)
            return False
        self._waiting.append((event_id, chunk))
        self._bytes += len(chunk)
        self._ready.set()
        return True

    def end(self, why: End) -> None:
        """End the stream; waiting events are still sent, unless the token is no longer valid."""
        if self.ended is not None and why is not End.TOKEN:
            return
        self.ended = why
        if why is End.TOKEN:
            self._waiting.clear()
        self._ready.set()

    async def take(self, after: int) -> bytes | None:
        """Wait for the next chunks with ids above `after`; None at the end."""
        while True:
            waiting = [chunk for key, chunk in self._waiting if key is None or key > after]
            self._waiting.clear()
            self._bytes = 0
            if waiting:
                return b"".join(waiting)
            if self.ended is not None:
                return None
            self._ready.clear()
            await self._ready.wait()
