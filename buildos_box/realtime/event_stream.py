"""One stream: stored events first, then live ones.

The rules: docs/spec.md#realtime-resume.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from litestar.types import Receive, Scope, Send

from buildos_box.clock import Clock, to_text
from buildos_box.db import Database, Row
from buildos_box.errors import Malformed
from buildos_box.log import logger
from buildos_box.realtime import sse, store
from buildos_box.realtime.hub import Hub
from buildos_box.realtime.stream_queue import StreamQueue

PAGE = 200
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # keeps nginx from buffering events
]
log = logger(__name__)


def last_id(header: str | None, query: str | None) -> int | None:
    """The id to resume after, from the header or else the query; None without one.

    A page that opens a new `EventSource` cannot set the header. Raises Malformed.
    """
    text = header or query
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Malformed("Last-Event-ID must be the id of an event")
    return int(text)


async def chunks(
    hub: Hub, db: Database, clock: Clock, stream: StreamQueue, after: int | None
) -> AsyncGenerator[bytes, None]:
    """The content of a stream without gaps: it listens first, and then reads missed events."""
    kept = await store.kept(db)
    position = kept.latest if after is None else after
    lost = not kept.floor <= position <= kept.latest
    if lost:
        position = kept.floor if position < kept.floor else kept.latest
    yield sse.opening(position, hub.limits.retry_ms)
    if lost:
        yield sse.reset(position, to_text(clock.now()))
    more = True
    while more and stream.ended is None:
        rows = await store.events_after(db, user_id=stream.user_id, after=position, limit=PAGE)
        more = len(rows) == PAGE
        if rows:
            position = rows[-1]["id"]
            yield b"".join(map(_event, rows))
    while (chunk := await stream.take(position)) is not None:
        yield chunk
    assert stream.ended is not None
    yield sse.closing(stream.ended.value, hub.limits.retry_ms)


def _event(row: Row) -> bytes:
    return sse.event(
        event_id=row["id"],
        type=row["type"],
        user_id=row["user_id"],
        at=row["at"],
        correlation_id=row["correlation_id"],
        data=row["data"],
    )


class EventStream:
    """The ASGI response: sends until the stream ends, the client disconnects, or a send stalls."""

    def __init__(
        self,
        hub: Hub,
        db: Database,
        clock: Clock,
        *,
        user_id: str | None,
        token_id: str,
        after: int | None,
    ) -> None:
        self._hub = hub
        self._db = db
        self._clock = clock
        self._user_id = user_id
        self._token_id = token_id
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response. Raises Unavailable and RateLimited before anything is sent."""
        with self._hub.listening(self._user_id, self._token_id) as stream:
            content = chunks(self._hub, self._db, self._clock, stream, self._after)
            sending = asyncio.create_task(self._send_all(content, send))
            gone = asyncio.create_task(_until_gone(receive))
            try:
                await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                sending.cancel()
                await asyncio.gather(sending, gone, return_exceptions=True)
                await content.aclose()
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send_all(self, content: AsyncGenerator[bytes, None], send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        with contextlib.suppress(TimeoutError):
            async for chunk in content:
                async with asyncio.timeout(self._hub.limits.stall_seconds):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
