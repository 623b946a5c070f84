"""Connections to addresses that users give, checked at the time of connecting.

A name is resolved once, all its addresses are checked, and the connection is made to a checked
address, so that no second look-up can lead elsewhere. Redirects are not followed.

The rules: docs/spec.md#egress.
"""

import asyncio
import io
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

import httpx

from buildos_box.egress.addresses import Allowed, is_public, read
from buildos_box.egress.decompression import BrokenPacking, TooMuch, Unpacker
from buildos_box.egress.lazy_tls import trusted_at_first_use
from buildos_box.egress.redirects import HOOKS
from buildos_box.egress.resolver import Resolve, Resolver, TooManyLookups, in_own_threads
from buildos_box.errors import PermanentError, RateLimited, TransientError, Unprocessable
from buildos_box.hostname import to_ascii
from buildos_box.log import logger
from buildos_box.settings import EgressSettings

log = logger(__name__)
TIMEOUT_SECONDS = 20.0
MAX_BYTES = 1024 * 1024
NO_PUBLIC_ADDRESS = "leads to no public address"
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
"""Characters of a URL: no space, control character or backslash."""


class AddressRefused(PermanentError):
    """The address is not one that may be connected to."""

    code = "address_refused"


class AnswerTooLarge(PermanentError):
    """The response is larger than allowed."""

    code = "answer_too_large"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete response."""

    status: int
    headers: "httpx.Headers"
    body: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """A request without its address; the response's body goes `into` a file, if one is given."""

    method: str
    headers: Mapping[str, str]
    content: bytes | None
    max_bytes: int
    seconds: float
    into: BinaryIO | None = None


class Egress:
    """Makes the connections.

    `get` and `post` raise AddressRefused, AnswerTooLarge, RateLimited and, where another attempt
    may help, TransientError; any HTTP status is a response, not an error.
    """

    def __init__(self, settings: EgressSettings, *, resolve: Resolve | None = None) -> None:
        self._settings = settings
        self._resolver = Resolver(resolve or in_own_threads())
        self._tls: ssl.SSLContext | None = None
        try:
            self._allowed = Allowed(settings.allow_private)
        except ValueError as fault:
            raise Unprocessable.field("egress.allow_private", str(fault)) from None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT_SECONDS,
        into: BinaryIO | None = None,
        user_id: str | None = None,
    ) -> Fetched:
        """GET; `timeout` in seconds bounds everything from the look-up to the last byte.

        With `into` the body is written to it as it arrives, and `Fetched.body` is empty. `user_id`
        is the user who gave the address: each may have a few look-ups at once.
        """
        request = _Request("GET", headers or {}, None, max_bytes, timeout, into)
        return await self._fetch(url, request, user_id)

    async def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT_SECONDS,
        user_id: str | None = None,
    ) -> Fetched:
        """POST `content`; otherwise as `get`."""
        request = _Request("POST", headers or {}, content, max_bytes, timeout)
        return await self._fetch(url, request, user_id)

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT_SECONDS,
        user_id: str | None = None,
    ) -> Fetched:
        """Any method, such as WebDAV's PROPFIND; otherwise as `get`."""
        request = _Request(method, headers or {}, content, max_bytes, timeout)
        return await self._fetch(url, request, user_id)

    async def check(self, url: str, *, user_id: str | None = None) -> None:
        """Raise what a connection would raise, without making one.

        Raises AddressRefused, TransientError, RateLimited.
        """
        target = _parse(url)
        try:
            await self._addresses(target, user_id)
        except TooManyLookups as error:
            raise RateLimited(error.message, retry_after=timedelta(seconds=5)) from None

    async def _fetch(self, url: str, request: _Request, user_id: str | None) -> Fetched:
        target = _parse(url)
        try:
            async with asyncio.timeout(request.seconds):
                addresses = await self._addresses(target, user_id)
                return await self._first_of(addresses, target, request)
        except (TimeoutError, httpx.TimeoutException):
            message = f"{_host(target)} has not answered in {request.seconds:g} s"
            raise TransientError(message, code="timeout") from None
        except httpx.TransportError as error:
            log.info(
                "egress_failed", host=_host(target), error=str(error), kind=type(error).__name__
            )
            raise TransientError(f"{_host(target)} {_cause(error)}", code="connection") from error

    async def _addresses(self, target: "httpx.URL", user_id: str | None) -> list[str]:
        host, port = _host(target), _port(target)
        if not self._settings.allow_private:
            # Before the look-up, so that a port says nothing of the name either.
            self._check_port(target)
        found = await self._resolver.addresses(host, port, user_id)
        if not found:
            raise TransientError(f"{host} {NO_PUBLIC_ADDRESS}", code="unresolved")
        for text in found:
            self._check(target, text)
        return found

    def _check_port(self, target: "httpx.URL") -> None:
        ports = self._settings.allowed_ports
        if _port(target) not in ports:
            raise AddressRefused(
                f"{_host(target)}: the port must be {' or '.join(map(str, ports))}; the operator "
                "can allow others at public addresses (egress.allowed_ports), and every port of a "
                "private network (egress.allow_private)"
            )

    def _check(self, target: "httpx.URL", text: str) -> None:
        try:
            address = read(text)
        except ValueError:
            raise AddressRefused(f"{_host(target)} {NO_PUBLIC_ADDRESS}") from None
        if is_public(address):
            self._check_port(target)
            if target.scheme != "https":
                raise AddressRefused(f"{_host(target)}: only https is allowed")
        elif address not in self._allowed:
            # The same words as for a name without any address, and not which one it was: names
            # cannot be used to map the network.
            raise AddressRefused(f"{_host(target)} {NO_PUBLIC_ADDRESS}")

    async def _first_of(
        self, addresses: list[str], target: "httpx.URL", request: _Request
    ) -> Fetched:
        """The response of the first address that accepts a connection."""
        for number, address in enumerate(addresses, start=1):
            try:
                return await self._at(address, target, request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise AssertionError("unreachable: there is an address")

    async def _at(self, address: str, target: "httpx.URL", request: _Request) -> Fetched:
        host = target.netloc.decode("ascii")
        async with (
            httpx.AsyncClient(
                verify=self._context(),
                trust_env=False,
                follow_redirects=False,
                timeout=request.seconds,
                event_hooks=HOOKS,
            ) as client,
            client.stream(
                request.method,
                target.copy_with(host=address),
                headers={**request.headers, "Host": host, "Accept-Encoding": "gzip, deflate"},
                content=request.content,
                extensions={"sni_hostname": _host(target)},
            ) as answer,
        ):
            body = io.BytesIO()
            into = body if request.into is None else request.into
            await _read_body(answer, target, into, request.max_bytes)
            return Fetched(answer.status_code, answer.headers, body.getvalue())

    def _context(self) -> ssl.SSLContext:
        """Created when first needed, because reading the certificate authorities is slow.

        Without an authority of its own, all connections of the process share what was read.
        """
        if self._tls is None:
            self._tls = _trusting_also(self._settings.ca_file)
        return self._tls


def _trusting_also(ca_file: str) -> ssl.SSLContext:
    if not ca_file:
        return trusted_at_first_use()
    context = httpx.create_ssl_context()
    context.load_verify_locations(ca_file)
    return context


def _parse(url: str) -> "httpx.URL":
    """The parts of an http(s) URL without credentials. Raises AddressRefused."""
    url = _with_ascii_host(url)
    if _PLAIN.fullmatch(url) is None:
        raise AddressRefused("must be a URL without spaces and backslashes")
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        raise AddressRefused("must be a URL like https://example.org/calendar.ics") from None
    if target.scheme not in ("https", "http") or not _host(target):
        raise AddressRefused("the URL must start with https://")
    if target.userinfo:
        raise AddressRefused("the URL must not contain a user name or password")
    return target


def _host(target: "httpx.URL") -> str:
    """The host name as DNS has it.

    `URL.host` decodes it, which not every name allows, and resolvers encode that by IDNA 2003.
    """
    return target.raw_host.decode("ascii")


def _with_ascii_host(url: str) -> str:
    """The URL with its host name as DNS has it. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.hostname.isascii():
            return url
        before, at, _ = parts.netloc.rpartition("@")
        port = f":{parts.port}" if parts.port is not None else ""
        return urlunsplit(parts._replace(netloc=f"{before}{at}{to_ascii(parts.hostname)}{port}"))
    except ValueError as fault:
        raise AddressRefused(f"the host name of the URL {fault}") from None


def _port(target: "httpx.URL") -> int:
    usual = 443 if target.scheme == "https" else 80
    return usual if target.port is None else target.port


def _cause(error: "httpx.TransportError") -> str:
    """What failed, in words of our own: the error's own text shows what listens where."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "has no valid certificate"
        cause = cause.__cause__ or cause.__context__
    return "cannot be connected to" if isinstance(error, httpx.ConnectError) else "broke off"


async def _read_body(
    answer: "httpx.Response", target: "httpx.URL", into: BinaryIO, max_bytes: int
) -> None:
    """Decompressed under the same limit, so that a small response cannot expand into a huge one."""
    unpacker = Unpacker(answer.headers.get("content-encoding", ""), max_bytes)
    try:
        async for chunk in answer.aiter_raw():
            into.write(unpacker.feed(chunk))
        into.write(unpacker.finish())
    except TooMuch:
        raise _too_large(target, max_bytes) from None
    except BrokenPacking:
        raise TransientError(f"{_host(target)} sent broken gzip", code="broken_answer") from None


def _too_large(target: "httpx.URL", max_bytes: int) -> AnswerTooLarge:
    return AnswerTooLarge(f"{_host(target)} answers with more than {max_bytes} bytes")
