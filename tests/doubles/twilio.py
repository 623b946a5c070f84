"""A real web server on loopback that speaks the part of Twilio's API that the box uses."""

import json
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


class TwilioDouble:
    """Keeps what was sent. `answers` scripts what comes next: an error, or `lost`.

    `lost` takes the message and then ends the connection without a word.
    """

    def __init__(self, now: float) -> None:
        self.sent: list[dict[str, str]] = []
        self.listed = 0
        self.script: list[tuple[int, int] | str] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                answer = double.script.pop(0) if double.script else "kept"
                if isinstance(answer, tuple):
                    status, code = answer
                    self.reply(status, {"status": status, "code": code, "message": "no"})
                    return
                form["Sid"] = f"SM{len(double.sent):032d}"
                double.sent.append(form)
                if answer == "lost":
                    self.close_connection = True
                    return
                self.reply(201, double.message(form, now))

            def do_GET(self) -> None:
                double.listed += 1
                to = parse_qs(urlsplit(self.path).query)["To"][0]
                found = [double.message(form, now) for form in double.sent if form["To"] == to]
                self.reply(200, {"messages": found, "next_page_uri": None, "page_size": 50})

            def reply(self, status: int, answer: Any) -> None:
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @staticmethod
    def message(form: dict[str, str], now: float) -> dict[str, Any]:
        return {
            "sid": form["Sid"],
            "to": form["To"],
            "body": form["Body"],
            "status": "queued",
            "date_created": formatdate(now),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "TwilioDouble":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
