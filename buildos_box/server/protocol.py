"""HTTP/1.1 by uvicorn, with the deadlines and limits that it lacks.

uvicorn parses with llhttp, which refuses messages of ambiguous length (RFC 9112, 6.1 and 6.3).
Added here: deadlines for a request's head and body, limits on connections, on the size of a head
and on pipelined requests, the rules for `Host` (RFC 9112, 3.2), trailers that are never taken for
headers, errors in the documented shape, and reading on for a while after an error.
"""

import asyncio
import math
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from buildos_box.log import logger
from buildos_box.server.connections import REFUSED_AT_ONCE, ConnectionRegistry

log = logger(__name__)
LONGEST_HEAD = 64 * 1024
"""Bytes of the request line and all headers."""
LONGEST_PIPELINE = 16
"""Requests of a connection that may wait for the answer to an earlier one."""
DISCARDED_BYTES = 64 * 1024 * 1024
"""Bytes of an unwanted body that are read, so that its sender gets to see the error."""
LINGER_SECONDS = 2.0
"""Seconds that a refused client has to close its side: a reset would lose the answer."""
REFUSED_BODY_SECONDS = 30.0
_HEAD = b"HTTP/"
REFUSALS = {
    400: ("malformed", "This is not a valid HTTP/1.1 request"),
    408: ("timeout", "The request did not arrive in time"),
    431: ("too_large", f"The headers are longer than {LONGEST_HEAD // 1024} KiB"),
    501: ("not_implemented", "The only Transfer-Encoding known is chunked"),
    503: ("too_many_connections", "Too many connections are open; try again in a moment"),
}


class _Refused(Exception):
    """Ends parsing; the parser hides it, so the status is stored beside it."""


class _Phase(Enum):
    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    REFUSED = auto()


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self, connections: ConnectionRegistry, new_id: Callable[[], str], **uvicorn: Any
    ) -> None:
        """`new_id` makes correlation ids; the rest is what uvicorn passes."""
        super().__init__(**uvicorn)
        self.address = "unknown"
        self.deadline = math.inf
        self._registry = connections
        self._new_id = new_id
        self._phase = _Phase.IDLE
        self._status = 400
        self._received = 0
        self._head_bytes = 0
        self._body_bytes = 0
        self._discarded = 0
        self._over_limit = False
        self._held: bytes | None = None
        """The head of an answer, which is sent together with the first part of its body."""

    # Called by asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection, or answer that there are too many."""
        super().connection_made(transport)
        if self.client is not None:
            self.address = self.client[0]
        if self._registry.admit(self):
            self._expect_head()
        elif self._registry.refused < REFUSED_AT_ONCE:
            self._over_limit = True
            self._registry.refused += 1
            self._refuse(503)
            self.loop.call_later(LINGER_SECONDS, self.abort)
        else:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by either side."""
        self._registry.forget(self)
        self._registry.refused -= self._over_limit
        self._held = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes."""
        if self._phase is _Phase.REFUSED:
            self._discard(len(data))
            return
        self._unset_keepalive_if_required()
        if self._phase is _Phase.IDLE:
            self._expect_head()
        before = self._phase
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An upgrade is answered as a plain request; what follows it is another protocol.
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(self._status)
        else:
            if before is self._phase is _Phase.HEAD:
                self._received += len(data)
                if self._received > LONGEST_HEAD:
                    self._refuse(431)

    # Called by the parser

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        if self._phase is _Phase.IDLE:
            self._expect_head()
        self._head_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; a trailer is dropped, since it arrives after the request was authorised."""
        if self._phase is not _Phase.HEAD:
            return
        self._count_head(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: answer the request or refuse it."""
        self._check_head()
        if len(self.pipeline) >= LONGEST_PIPELINE:
            raise _Refused
        super().on_headers_complete()
        self.cycle.transport = self  # type: ignore[assignment]  # so that `close` below is called
        self._phase = _Phase.BODY
        self.deadline = self.loop.time() + self._registry.limits.body_seconds

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        self.deadline += len(body) / self._registry.limits.body_bytes_per_second
        if self.cycle.response_complete:
            self._discard(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is complete."""
        self._phase = _Phase.IDLE
        self.deadline = math.inf
        super().on_message_complete()
        self._note_idle()

    def on_response_complete(self) -> None:
        """The answer is written."""
        self._send_held()
        super().on_response_complete()
        if self._phase is _Phase.BODY and self.expect_100_continue and not self._body_bytes:
            # Whether the client still sends the body or leaves it out is unknown.
            self.close()
        self._note_idle()

    # Called by `Connections`

    def on_deadline(self) -> None:
        """Close it, with an answer if a request has begun."""
        if self.flow.read_paused:
            # What the server itself has not read yet is not late.
            self.deadline += 1.0
        elif self._phase is _Phase.REFUSED or self._is_silent():
            self.abort()
        else:
            self._refuse(408)

    def _is_silent(self) -> bool:
        return self._phase is _Phase.HEAD and not self._received

    def unsent(self) -> int:
        """Bytes that the client has not read."""
        return self.transport.get_write_buffer_size() + len(self._held or b"")

    def write(self, data: bytes) -> None:
        """Write a part of an answer: a head with what follows it, or alone if nothing does."""
        if self._held is not None:
            held, self._held = self._held, None
            self.transport.write(held + data)
        elif data.startswith(_HEAD):
            self._held = data
            self.loop.call_soon(self._send_held)
        else:
            self.transport.write(data)

    def _send_held(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self.transport.write(held)

    def is_closing(self) -> bool:
        """Whether it is being closed."""
        return self.transport.is_closing() or self._phase is _Phase.REFUSED

    def close(self) -> None:
        """Close it after what has been written; an incoming body is read on for a while.

        A client that sends everything before it reads would lose the answer to a reset.
        """
        self._send_held()
        if self._phase is _Phase.BODY:
            self._read_on(REFUSED_BODY_SECONDS)
        else:
            self.transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self.transport.abort()

    def _expect_head(self) -> None:
        self._registry.is_busy(self)
        self._phase = _Phase.HEAD
        self._received = 0
        self.deadline = self.loop.time() + self._registry.limits.head_seconds

    def _note_idle(self) -> None:
        answered = self.cycle is None or self.cycle.response_complete
        if self._phase is _Phase.IDLE and answered and not self.pipeline:
            self._registry.is_idle(self)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > LONGEST_HEAD:
            self._status = 431
            raise _Refused

    def _check_head(self) -> None:
        names = [name for name, _ in self.headers]
        version = self.parser.get_http_version()
        hosts = names.count(b"host")
        if hosts > 1 or (version == "1.1" and not hosts):
            raise _Refused
        for name, value in self.headers:
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                self._status = 501
                raise _Refused
        if version == "1.0" and b"transfer-encoding" in names:
            raise _Refused

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > DISCARDED_BYTES:
            self.abort()

    def _refuse(self, status: int) -> None:
        """Write the error, unless it would be taken for the answer to an earlier request; then
        close.
        """
        log.warning("request_refused", status=status, address=self.address)
        waiting = self.cycle is not None and not self.cycle.response_complete
        self._send_held()
        answered_here = waiting and self._phase is _Phase.BODY and not self.cycle.response_started
        if not self.pipeline and (answered_here or not waiting):
            self.transport.write(self._refusal(status))
        if waiting:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._read_on(LINGER_SECONDS)

    def _read_on(self, seconds: float) -> None:
        """End the sending side and drop what still arrives."""
        self.pipeline.clear()
        self._registry.is_busy(self)
        self._send_held()
        self._phase = _Phase.REFUSED
        self.deadline = self.loop.time() + seconds
        self.flow.resume_reading()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def _refusal(self, status: int) -> bytes:
        code, sentence = REFUSALS[status]
        shape = {"error": sentence, "code": code, "details": [], "correlationId": self._new_id()}
        body = msgspec.json.encode(shape)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        if status == 503:
            headers.append((b"retry-after", b"1"))
        lines = [b"%s: %s\r\n" % pair for pair in headers]
        return b"".join([STATUS_LINE[status], *lines, b"\r\n", body])
