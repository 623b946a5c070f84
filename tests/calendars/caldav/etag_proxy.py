"""A proxy in front of a CalDAV server that changes the ETags which it passes on."""

import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.doubles.loopback import Loopback

Change = Callable[[str], str]
PASSED = ("content-type", "depth", "authorization", "if-match", "if-none-match")


class EtagProxy(Loopback):
    """`with EtagProxy(server.url, change) as proxy:` — `change` takes a quoted ETag."""

    def __init__(self, behind: str, change: Change) -> None:
        self.seen: list[tuple[str, str, str]] = []
        """Method, path and `If-Match` of each request."""
        proxy, inner = self, httpx.Client(base_url=behind, trust_env=False)

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append((self.command, self.path, self.headers.get("If-Match") or ""))
                headers = {k: v for k, v in self.headers.items() if k.lower() in PASSED}
                answer = inner.request(self.command, self.path, content=body, headers=headers)
                text = re.sub(
                    r"(?<=getetag>)[^<]+", lambda found: change(found[0]), answer.text
                ).encode()
                self.send_response(answer.status_code)
                for name in ("content-type", "www-authenticate", "location"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                if "etag" in answer.headers:
                    self.send_header("ETag", change(answer.headers["etag"]))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = do_OPTIONS = _serve

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"
