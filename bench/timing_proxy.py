"""A relay before the box, which notes when the first request through it was answered."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from urllib.parse import urlsplit


class Relay:
    """Passes bytes both ways between a port of its own and a server on this machine."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._to = (where.hostname or "", where.port or 80)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.first_answer: float | None = None
        self._open: list[socket.socket] = [self._listening]

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                server = socket.create_connection(self._to)
                for one in (caller, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._open.append(one)
                for ends in ((caller, server), (server, caller)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while got := source.recv(1 << 16):
                target.sendall(got)
                if source.getpeername() == self._to and self.first_answer is None:
                    self.first_answer = time.perf_counter()
            target.shutdown(socket.SHUT_WR)
