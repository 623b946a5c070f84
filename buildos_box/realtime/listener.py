"""One open stream, as the hub sees it: a bounded line of what waits to be sent."""

import asyncio
from collections import deque
from enum import StrEnum


class End(StrEnum):
    """Why the box ends a stream."""

    SLOW = "too slow, come back for the rest"
    TOKEN = "the token is no longer valid"  # noqa: S105 (a sentence)
    STOPPING = "the box is stopping"


class Listener:
    """Whose events it wants, by which token, and what waits for it. Lives on one event loop."""

    def __init__(self, user_id: str | None, token_id: str, max_bytes: int) -> None:
        self.user_id = user_id
        """None: every event."""
        self.token_id = token_id
        self.ended: End | None = None
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[int | None, bytes]] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Nothing waits to be sent."""
        return not self._waiting

    def put(self, event_id: int | None, chunk: bytes) -> bool:
        """Add to the line; False if it is full, and then the stream ends after what is in it."""
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
        """End the stream; what waits is still sent, unless the token is no longer good."""
        if self.ended is not None and why is not End.TOKEN:
            return
        self.ended = why
        if why is End.TOKEN:
            self._waiting.clear()
        self._ready.set()

    async def take(self, after: int) -> bytes | None:
        """Wait for what is to be sent next, leaving out ids up to `after`; None at the end."""
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
