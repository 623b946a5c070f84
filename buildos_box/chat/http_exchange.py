"""What is sent over the network for one message, and what comes back.

Apprise says only whether a service took a message. Whether to try again depends on the answer, so
the requests are seen where they leave: Apprise's plugins use `requests`, each of whose sessions has
an adapter that sends, and `requests` is given one that knows the exchange under way (a context
variable, which Apprise hands on to its threads). Everywhere else it is the plain adapter.

The same place guards the way out: to the operator's host and no other, with our time limits, no
longer answer than `MAX_BYTES`, and certificates checked. Importing this loads `requests`.

The rules: docs/spec.md#chat-sending.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.sessions

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
MAX_BYTES = 64 * 1024


class OtherHost(requests.RequestException):
    """A request to another host than the operator's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Exchange:
    """The requests of one message; `host` is the only one that may be asked."""

    host: str
    api_base_url: str = ""
    ca_file: str = ""
    answers: list[Answer] = field(default_factory=list)
    fault: Exception | None = None
    """What kept the last request from getting an answer."""

    def address(self, url: str) -> str:
        """Where a request really goes. Raises OtherHost."""
        parts = urlsplit(url)
        if (parts.hostname or "").lower() != self.host.lower():
            raise OtherHost("a request to another host")
        if not self.api_base_url:
            return url
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.api_base_url.rstrip('/')}{parts.path}{query}"


_current: ContextVar[Exchange | None] = ContextVar("chat_exchange", default=None)


class GuardedAdapter(requests.adapters.HTTPAdapter):
    """`requests`' own adapter, which during an exchange guards and records it."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Trust the operator's own authority too, if one is configured."""
        exchange = _current.get()
        if exchange is not None and exchange.ca_file:
            trusted = ssl.create_default_context()
            trusted.load_verify_locations(exchange.ca_file)
            kwargs["ssl_context"] = trusted
        super().init_poolmanager(*args, **kwargs)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; during an exchange, only to its host and within its limits."""
        exchange = _current.get()
        if exchange is None:
            return super().send(request, *args, **kwargs)
        try:
            request.url = exchange.address(request.url)
            limits = {"timeout": (CONNECT_SECONDS, READ_SECONDS), "stream": True, "verify": True}
            response = super().send(request, **{**kwargs, **limits})
            body = _read(response)
        except requests.RequestException as fault:
            exchange.fault = fault
            raise
        exchange.fault = None
        headers = {name.lower(): value for name, value in response.headers.items()}
        exchange.answers.append(Answer(response.status_code, headers, body))
        return response


def _read(response: requests.Response) -> bytes:
    """The whole body, which the response keeps. Raises requests.RequestException if too long."""
    body = bytearray()
    for chunk in response.iter_content(8192):
        body += chunk
        if len(body) > MAX_BYTES:
            response.close()
            raise requests.RequestException("the answer is too long")
    response._content = bytes(body)
    return bytes(body)


@contextmanager
def recording(exchange: Exchange) -> Iterator[None]:
    """Guard and record what `requests` sends inside the block."""
    token = _current.set(exchange)
    try:
        yield
    finally:
        _current.reset(token)


# `requests` has no other way to be given an adapter for sessions that others open.
requests.sessions.HTTPAdapter = GuardedAdapter  # type: ignore[attr-defined]
