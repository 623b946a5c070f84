"""HTTP/1.1 requests over kept connections, each sent when the one before it is answered."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uvloop import new_event_loop


@dataclass
class Answers:
    """What came back: seconds of each answer, and those that were no success."""

    seconds: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    took: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.took


@dataclass(frozen=True)
class Request:
    """A request: its bytes, made anew for each number."""

    name: str
    make: Callable[[int], bytes]


def request(
    name: str, path: str, token: str, body: Callable[[int], bytes] | None = None
) -> Request:
    """A GET of that path, or a POST of what `body` makes of the number of the request."""
    head = f"Host: bench\r\nAuthorization: Bearer {token}\r\n"
    if body is None:
        whole = f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
        return Request(name, lambda _n: whole)
    start = f"POST {path} HTTP/1.1\r\n{head}Content-Type: application/json\r\n".encode()

    def make(n: int) -> bytes:
        data = body(n)
        return b"%sContent-Length: %d\r\n\r\n%s" % (start, len(data), data)

    return Request(name, make)


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next(self._load.first())

    def _next(self, at: float | None) -> None:
        if at is None:
            self._transport.close()
        elif (wait := at - time.perf_counter()) > 0:
            asyncio.get_running_loop().call_later(wait, self._send, at)
        else:
            self._send(at)

    def _send(self, at: float) -> None:
        # From when it was due: a request that waits for a slow one before it is late as well.
        self._sent_at = at
        self._transport.write(self._load.bytes_of_next())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self._received = b""
        self._next(self._load.answered(self._sent_at, head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.closed()


class _Load:
    def __init__(self, what: Request, connections: int, seconds: float, rate: float | None) -> None:
        self.answers = Answers()
        self.done = asyncio.get_running_loop().create_future()
        self._what = what
        self._open = connections
        self._gap = None if rate is None else 1 / rate
        self._began = time.perf_counter()
        self._until = self._began + seconds
        self._sent = self._planned = 0

    def first(self) -> float | None:
        return self._when()

    def _when(self) -> float | None:
        """When the next request is due; None after the end."""
        at = time.perf_counter()
        if self._gap is not None:
            at = self._began + self._planned * self._gap
            self._planned += 1
        return at if at < self._until else None

    def bytes_of_next(self) -> bytes:
        self._sent += 1
        return self._what.make(self._sent)

    def answered(self, sent_at: float, head: bytes, body: bytes) -> float | None:
        self.answers.seconds.append(time.perf_counter() - sent_at)
        if head[9:10] != b"2":
            self.answers.refused.append(head[:40] + body[:200])
        return self._when()

    def closed(self) -> None:
        self._open -= 1
        if not self._open and not self.done.done():
            self.answers.took = time.perf_counter() - self._began
            self.done.set_result(None)


async def _run(
    port: int, what: Request, connections: int, seconds: float, rate: float | None
) -> Answers:
    loop = asyncio.get_running_loop()
    load = _Load(what, connections, seconds, rate)
    for _ in range(connections):
        await loop.create_connection(lambda: _Client(load), "127.0.0.1", port)
    await load.done
    return load.answers


def ask(
    port: int, what: Request, *, connections: int, seconds: float, rate: float | None = None
) -> Answers:
    """Ask for so long, as fast as it is answered, or so many times a second."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_run(port, what, connections, seconds, rate))
