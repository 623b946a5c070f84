"""A double's server on loopback: runs in a thread of its own while the test is in its `with`."""

import select
import socket
import socketserver
import threading
from types import TracebackType
from typing import Self

LOOK_SECONDS = 0.02


def has_hung_up(caller: socket.socket) -> bool:
    """Whether the other side has closed its connection."""
    watch = select.poll()
    watch.register(caller, select.POLLIN)
    try:
        return bool(watch.poll(0)) and caller.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class Loopback:
    """Base of doubles. `_server` is the double's own, bound to a free port."""

    _server: socketserver.TCPServer

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def release(self) -> None:
        """Let go of whoever is held: nobody is kept waiting when the test is over."""

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(LOOK_SECONDS,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
