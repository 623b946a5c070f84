"""A mail server on loopback that says word for word what a test has it say at each step."""

import socketserver
import threading

from tests.doubles.loopback import Loopback

HANG_UP = ""
DEFAULTS = {
    "connect": "220 mail.example ESMTP",
    "ehlo": "250 mail.example",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go on",
    "dot": "250 2.0.0 kept",
    "rset": "250 2.0.0 forgotten",
    "quit": "221 2.0.0 bye",
}


class ScriptedSmtp(Loopback):
    """`says(step, reply, …)` sets what is said next at a step, one reply a time; then the usual.

    A reply of several lines has `\\n` between them. `HANG_UP` ends the connection. `slow[step]` is
    how many seconds each reply at that step takes. After a 421 the server hangs up.
    """

    def __init__(self) -> None:
        self.script: dict[str, list[str]] = {step: [] for step in DEFAULTS}
        self.slow: dict[str, float] = {}
        self.heard: list[str] = []
        """Every command, in order."""
        self.taken: list[bytes] = []
        """Messages that came whole, whatever was said to them."""
        self.sessions = 0
        """Connections that stand."""
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    def says(self, step: str, *replies: str) -> None:
        self.script[step] += replies

    def release(self) -> None:
        self.released.set()

    def reply(self, step: str) -> str:
        self.released.wait(self.slow.get(step, 0))
        return self.script[step].pop(0) if self.script[step] else DEFAULTS[step]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _handler(double: ScriptedSmtp) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            double.sessions += 1
            try:
                if not self._say("connect"):
                    return
                while line := self.rfile.readline():
                    double.heard.append(line.decode("utf-8", "replace").rstrip())
                    word = line[:4].lower().decode("ascii", "replace")
                    said = self._say(word if word in DEFAULTS else "rset")
                    if word == "data" and said.startswith("354"):
                        said = self._message()
                    if not said or said.startswith("421") or word == "quit":
                        return
            except OSError:
                return
            finally:
                double.sessions -= 1

        def _message(self) -> str:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            if line:
                double.taken.append(b"".join(lines))
            return self._say("dot") if line else HANG_UP

        def _say(self, step: str) -> str:
            reply = double.reply(step)
            if reply:
                self.wfile.write(reply.replace("\n", "\r\n").encode() + b"\r\n")
            return reply

    return Handler
