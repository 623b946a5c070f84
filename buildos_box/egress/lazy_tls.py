"""The trusted certificates, read at the first connection that needs them.

Reading them takes longer than opening a database, and memory; many a box never needs them.
"""

import ssl
from functools import cache
from typing import Any

import httpx


class LazyContext(ssl.SSLContext):
    """A client's TLS context, as httpx makes one by itself. Any thread may use it.

    Whatever was missed below would trust nobody, since this one itself has no certificates.
    """

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        """The TLS side of a connection, over buffers."""
        return _trusted().wrap_bio(*args, **named)

    def wrap_socket(self, *args: Any, **named: Any) -> ssl.SSLSocket:
        """The same over a socket."""
        return _trusted().wrap_socket(*args, **named)

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        """Which protocols the client offers; HTTP's client says so before each connection."""
        _trusted().set_alpn_protocols(alpn_protocols)


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def trusted_at_first_use() -> ssl.SSLContext:
    """A context that trusts what httpx trusts."""
    return LazyContext(ssl.PROTOCOL_TLS_CLIENT)
