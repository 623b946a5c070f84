"""A real web server on loopback that takes mails as the operator's webhook does."""

import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.doubles.loopback import Loopback


@dataclass
class Posted:
    """One request: its headers, in lower case, and its body."""

    headers: dict[str, str]
    body: bytes


class Hook(Loopback):
    """`with Hook(200, "silence") as hook:` answers so in turn, the last answer for ever.

    An answer is a status with an empty body, a pair of status and body, or `silence`, at which
    the connection ends without a word, or `hang`, at which nothing comes until the block ends.
    `headers` go with each answer.
    """

    def __init__(
        self, *answers: int | tuple[int, str] | str, headers: dict[str, str] | None = None
    ) -> None:
        self.posted: list[Posted] = []
        self._over = threading.Event()
        script = list(answers) or [200]
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posted.append(
                    Posted({name.lower(): value for name, value in self.headers.items()}, body)
                )
                answer = script.pop(0) if len(script) > 1 else script[0]
                if isinstance(answer, str):
                    if answer == "hang":
                        hook._over.wait(20)
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, text = answer if isinstance(answer, tuple) else (answer, "")
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where to POST."""
        return f"http://127.0.0.1:{self.port}/mail"

    def release(self) -> None:
        self._over.set()
