"""A mail server on loopback that can be held at any step of taking a mail."""

import socketserver
import threading

from tests.doubles.loopback import Loopback

HOLD_SECONDS = 60.0
STEPS = ("connected", "mail", "rcpt", "data", "halfway", "kept")
"""Before the greeting; before the answer to MAIL, RCPT, DATA; with half of the message, when the
line breaks; with all of it, before the answer.
"""


class SmtpGate(Loopback):
    """`with SmtpGate() as gate:` takes mails; `hold_at(step)` stops the next one there."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        """Every whole message, byte for byte."""
        self.reached = threading.Event()
        self.answered = threading.Event()
        self._release = threading.Event()
        self._step: str | None = None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    def hold_at(self, step: str) -> None:
        """Stop the next mail at that step."""
        assert step in STEPS
        self._step = step

    def release(self) -> None:
        """Let it go on; later mails are not held."""
        self._release.set()

    def pass_by(self, step: str) -> bool:
        """A mail has come that far; returns whether it was held."""
        with self._lock:
            held = self._step == step
            if held:
                self._step = None
                self.reached.set()
        if held:
            self._release.wait(HOLD_SECONDS)
        return held


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _handler(gate: SmtpGate) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                self._talk()
            except OSError:
                return

        def _talk(self) -> None:
            gate.pass_by("connected")
            self._say("220 gate")
            while line := self.rfile.readline():
                word = line[:4].upper().decode()
                if word in ("MAIL", "RCPT", "DATA"):
                    gate.pass_by(word.lower())
                if word == "DATA":
                    self._message()
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _message(self) -> None:
            self._say("354 go on")
            lines = [self.rfile.readline() for _ in range(5)]
            if gate.pass_by("halfway"):
                return
            while lines[-1] != b".\r\n":
                lines.append(self.rfile.readline())
                if not lines[-1]:
                    return
            gate.taken.append(b"".join(lines[:-1]))
            gate.pass_by("kept")
            self._say("250 2.0.0 kept")
            gate.answered.set()

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    return Handler


def as_mail_server(gate: SmtpGate) -> str:
    """Configuration: mail goes to the gate."""
    return f"""
[queue]
retry_backoff_base_ms = 10
[email]
transport = "smtp"
from_address = "briefs@box.example"
[email.smtp]
host = "127.0.0.1"
port = {gate.port}
security = "none"
timeout_seconds = 30
"""
