"""A subscriber on loopback that checks each signature as its program would."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from tests.doubles.loopback import Loopback
from tests.mail.receivers.standard import accepts


@dataclass
class Event:
    """One request: the id by which a repetition is known, its body, and what was answered."""

    id: str
    body: Any
    genuine: bool
    status: int


class Subscriber(Loopback):
    """`with Subscriber() as one:` answers 200, or what `answer(number of the request)` says.

    With `refuses_once` it answers 503 to the first attempt of each event, so to half of all.
    """

    def __init__(
        self,
        answer: Callable[[int], int] = lambda _number: 200,
        *,
        headers: dict[str, str] | None = None,
        refuses_once: bool = False,
    ) -> None:
        self.seen: list[Event] = []
        self.secret = ""
        self.raw: list[bytes] = []
        self.answer = answer
        lock = threading.Lock()
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                sent_at = int(self.headers["webhook-timestamp"])
                event_id = self.headers["webhook-id"]
                with lock:
                    status = subscriber.answer(len(subscriber.seen))
                    if refuses_once and event_id not in {seen.id for seen in subscriber.seen}:
                        status = 503
                    genuine = accepts(subscriber.secret, self.headers, raw, sent_at)
                    subscriber.raw.append(raw)
                    subscriber.seen.append(
                        Event(event_id, msgspec.json.decode(raw), genuine, status)
                    )
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events/secret-path"

    @property
    def accepted(self) -> list[Event]:
        """What was answered with a success, in the order in which it came."""
        return [event for event in self.seen if 200 <= event.status < 300]
