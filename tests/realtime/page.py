"""A page with two `EventSource`s, and the web server that a frontend would have for it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

PAGE = b"""<!doctype html><meta charset="utf-8"><title>two streams</title><script>
let n = 0;
const say = (who, what) =>
  fetch('/seen', {method: 'POST', body: JSON.stringify({n: n++, who, ...what})});
const seen = who => e => say(who, {id: Number(e.lastEventId), type: e.type});

// The frontend's server passes this one on and adds its own token. Chromium alone keeps it going.
const own = new EventSource('/stream');
own.onopen = () => say('proxied', {open: true});
own.addEventListener('notification.created', seen('proxied'));
own.addEventListener('reset', seen('proxied'));

// This one goes to the box itself. A ticket is good once, so each new try asks for another.
let last = null;
const connect = async () => {
  const again = () => setTimeout(connect, 300);
  let url;
  try { url = await (await fetch('/ticket')).text(); } catch { return again(); }
  if (!url.startsWith('http')) return again();
  const source = new EventSource(url + (last === null ? '' : '&lastEventId=' + last));
  source.onopen = () => say('ticket', {open: true});
  const heard = e => { last = e.lastEventId; seen('ticket')(e); };
  source.addEventListener('notification.created', heard);
  source.addEventListener('reset', heard);
  source.onmessage = heard;
  source.onerror = () => { source.close(); again(); };
};
connect();
</script>"""


class PageServer:
    """Serves the page, passes its stream on to the box, and keeps what the page says."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.box_url = ""
        self.headers: dict[str, str] = {}
        self.said: list[dict[str, Any]] = []
        self.resumed_after: list[str] = []
        handler = type("Handler", (_Handler,), {"page": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def seen(self, who: str) -> list[int]:
        """The ids of the events that came to that stream, as they came."""
        said = sorted(self.said, key=lambda one: one["n"])
        return [one["id"] for one in said if one["who"] == who and "id" in one]

    def opened(self, who: str) -> int:
        """How often that stream was opened."""
        return sum(1 for said in self.said if said["who"] == who and "open" in said)

    def __enter__(self) -> "PageServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    page: PageServer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/stream":
            self._stream()
        elif path == "/ticket":
            self._ticket()
        elif path == "/":
            self._answer(200, "text/html", PAGE)
        else:
            self._answer(404, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.page.said.append(json.loads(body))
        self._answer(204, "text/plain", b"")

    def _ticket(self) -> None:
        page = self.page
        path = f"{page.box_url}/users/{page.user_id}/events"
        try:
            answer = httpx.post(f"{path}/ticket", headers=page.headers, trust_env=False)
            url = f"{path}?ticket={answer.json()['ticket']}"
        except (httpx.HTTPError, KeyError, ValueError):
            url = ""
        self._answer(200, "text/plain", url.encode())

    def _stream(self) -> None:
        """Pass the stream on as it comes; with the box away, hang up as a proxy may."""
        page, headers = self.page, dict(self.page.headers)
        if last := self.headers.get("Last-Event-ID"):
            page.resumed_after.append(last)
            headers["Last-Event-ID"] = last
        url = f"{page.box_url}/users/{page.user_id}/events"
        self.close_connection = True
        try:
            with httpx.stream(
                "GET", url, headers=headers, timeout=httpx.Timeout(5, read=None), trust_env=False
            ) as answer:
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["content-type"])
                self.end_headers()
                for chunk in answer.iter_raw():
                    self.wfile.write(chunk)
                    self.wfile.flush()
        except (httpx.HTTPError, OSError):
            return

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
