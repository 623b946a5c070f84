"""A receiver of `standard` mails and of outgoing webhooks, in ten lines
(docs/frontend.md#mail-receivers).
"""

import base64
import hashlib
import hmac
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


def accepts(secret: str, headers: Any, raw: bytes, now: float) -> bool:
    """Whether the signature is the sender's, and at most five minutes old."""
    known = secret.removeprefix("whsec_")
    key = base64.b64decode(known) if secret.startswith("whsec_") else secret.encode()
    at, sent = headers["webhook-timestamp"] or "0", headers["webhook-signature"] or ""
    signed = f"{headers['webhook-id']}.{at}.".encode() + raw
    own = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(now - int(at)) <= 300
    return fresh and any(hmac.compare_digest(one, own) for one in sent.split())


class Receiver(BaseHTTPRequestHandler):
    """Answers 200 to a genuine request, 401 to any other."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = accepts(os.environ["WEBHOOK_SECRET"], self.headers, raw, time.time())
        self.send_response(200 if genuine else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()
