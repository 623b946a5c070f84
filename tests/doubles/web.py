"""A real web server on loopback, with or without TLS, that answers as it is told."""

import datetime
import ssl
import threading
import time
import zlib
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.doubles.loopback import Loopback

HELD_SECONDS = 60.0


@dataclass
class Request:
    """One request as it came in: headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    sni: str | None = None


@dataclass
class Answer:
    """What is answered; `delay` seconds later, or once `until` is set."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    until: threading.Event | None = None


class Web(Loopback):
    """`with Web(Answer(404), Answer(201)) as web:` answers so in turn, the last for ever.

    `by_path` overrides the answer for some paths.
    """

    def __init__(self, *answers: Answer, tls: "Authority | None" = None) -> None:
        self.seen: list[Request] = []
        self.by_path: dict[str, Answer] = {}
        self._script = list(answers) or [Answer()]
        self._sni: list[str | None] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if len(body) < length:
                    # Its sender died on the way: no server takes that for a request.
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                sni = web._sni[-1] if web._sni else None
                web.seen.append(Request(self.command, self.path, headers, body, sni))
                answer = web.by_path.get(self.path) or web._next()
                time.sleep(answer.delay)
                if answer.until is not None:
                    answer.until.wait(HELD_SECONDS)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_PROPFIND = do_REPORT = _serve

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.tls = tls
        if tls is not None:
            context = tls.server_context()
            context.sni_callback = lambda _socket, name, _context: self._sni.append(name)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def _next(self) -> Answer:
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"


class Endless(Loopback):
    """Answers with a body without a length and without an end, until its caller hangs up."""

    def __init__(self, *, packed: bool = False) -> None:
        self.sent = 0
        """Bytes of the body so far."""
        self.hung_up = threading.Event()
        chunk = bytes(64 * 1024)
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                if packed:
                    self.send_header("Content-Encoding", "gzip")
                self.end_headers()
                packer = zlib.compressobj(wbits=31)
                try:
                    while True:
                        piece = packer.compress(chunk) if packed else chunk
                        self.wfile.write(piece)
                        web.sent += len(piece)
                except OSError:
                    web.hung_up.set()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


class Authority:
    """A certificate authority of its own, and a server's certificate for some names."""

    def __init__(self, folder: Path, *names: str) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(title)
            .issuer_name(title)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=36500))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.ca_file, self._chain = folder / "ca.pem", folder / "server.pem"
        self.ca_file.write_bytes(pem)
        self._chain.write_bytes(
            pem
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain)
        return context
