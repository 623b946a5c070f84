"""A port for a server that a test starts on a port of its choice."""

import secrets
import socket

HOST = "127.0.0.1"
FIRST, LAST = 20_000, 32_000
"""Below the ports that systems hand out themselves: none of these is taken by another test, which
lets the system choose, before the server that is started has it.
"""


def free_port() -> int:
    """A port that nobody listens on."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
