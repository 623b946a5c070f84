"""An HTTP server on loopback that holds every answer back until its gate is opened."""

import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import msgspec

from tests.doubles.loopback import has_hung_up

HOLD_SECONDS = 60.0
LOOK_SECONDS = 0.02


@dataclass
class Seen:
    """One request: its path, headers and body, and how it ended."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    answered: bool = False
    hung_up: bool = False


class Gate:
    """`with Gate() as gate:` takes requests, keeps them, answers `status` once it is open."""

    def __init__(self, *, status: int = 200, open_at_first: bool = False, port: int = 0) -> None:
        self.status = status
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self._held: list[tuple[Seen, socket.socket]] = []
        self._open = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        if open_at_first:
            self.open()

    def __enter__(self) -> "Gate":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def at_once(self) -> int:
        """How many requests wait here whose callers have not hung up."""
        with self._lock:
            return self._count()

    def open(self) -> None:
        """Answer all that wait and all that come."""
        self._open.set()

    def shut(self) -> None:
        """Hold back whatever comes from now on."""
        self._open.clear()

    def hold(self, seen: Seen, caller: socket.socket) -> None:
        """A request has come in: keep it until the gate opens or the caller hangs up."""
        with self._lock:
            self.seen.append(seen)
            self._held.append((seen, caller))
            self.most_at_once = max(self.most_at_once, self._count())
        waits = HOLD_SECONDS / LOOK_SECONDS
        while waits > 0 and not seen.hung_up and not self._open.wait(LOOK_SECONDS):
            waits -= 1
            with self._lock:
                self._count()
        with self._lock:
            self._held.remove((seen, caller))

    def _count(self) -> int:
        """How many wait; notes who has hung up, so that none counts beside the one after it."""
        for seen, caller in self._held:
            seen.hung_up = seen.hung_up or has_hung_up(caller)
        return sum(not seen.hung_up for seen, _ in self._held)


def _handler(gate: Gate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = msgspec.json.decode(self.rfile.read(length) or b"{}")
            seen = Seen(self.path, dict(self.headers), body)
            gate.hold(seen, self.connection)
            try:
                self.send_response(gate.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
                self.wfile.flush()
                seen.answered = not seen.hung_up
            except OSError:
                seen.hung_up = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


def as_only_provider(gate: Gate) -> str:
    """Configuration: the gate is the one language model there is."""
    return f"""
[[llm.providers]]
name = "gate"
kind = "openai"
base_url = "{gate.url}/v1"
model = "slow"
api_key = "none"
timeout_seconds = 60
price_in = 0
price_out = 0
"""


def as_mail_webhook(gate: Gate) -> str:
    """Configuration: mail is POSTed to the gate."""
    return f"""
[email]
transport = "webhook"
[email.webhook]
url = "{gate.url}/mail"
secret = "shared"
timeout_seconds = 60
tries = 1
"""
