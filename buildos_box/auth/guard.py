"""The guard before every route: closed unless a route declares itself public.

The rules: docs/spec.md#api-default-deny.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import HttpMethod
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from buildos_box.auth.caller import Caller
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.rate_limits import Authenticator
from buildos_box.auth.session_cookie import SessionCookie
from buildos_box.auth.tokens import SESSION
from buildos_box.errors import Unauthorized, UnsupportedMedia

PUBLIC = {"public": True}
"""Put into a route handler's `opt` to make it public."""
READ = [HttpMethod.GET, HttpMethod.HEAD]
"""The methods of a route for what browsers and scanners look at."""
PAGE_HEADER = "x-box-page"
_PAGE_HEADER = PAGE_HEADER.encode()
AnyConnection = ASGIConnection[Any, Any, Any, Any]
AlsoBy = Callable[[AnyConnection], Awaitable[Caller] | None]
"""A function that recognises another credential than a token; a route's `opt` names it as
`also_by`.

It returns None if the request has no such credential.
"""


async def guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Recognise the caller before the request's body is read.

    Raises Unauthorized, Forbidden, RateLimited, UnsupportedMedia.
    """
    if handler.opt.get("public"):
        return
    also_by: AlsoBy | None = handler.opt.get("also_by")
    presented = also_by(connection) if also_by is not None else None
    authenticator: Authenticator = connection.app.state.authenticator
    caller = await authenticator.authorise(connection, presented or credential(connection))
    connection.scope["state"]["caller"] = caller
    _require_json(connection)


def credential(connection: AnyConnection) -> Awaitable[Caller]:
    """The token that was sent, or the session of the page's cookie, to be recognised.

    Raises Unauthorized if there is neither.
    """
    keyring: Keyring = connection.app.state.keyring
    header = header_of(connection.scope, b"authorization")
    if header is None and (session := session_of(connection)):
        return keyring.recognise(session, SESSION)
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("send a token: Authorization: Bearer bos_…")
    return keyring.recognise(token.strip())


def header_of(scope: Any, name: bytes) -> str | None:
    """The first header of that name, in lower case as ASGI has them all; None if there is none.

    Litestar would make an object of all headers first.
    """
    for each, value in scope["headers"]:
        if each == name:
            text: str = value.decode("latin-1")
            return text
    return None


def session_of(connection: AnyConnection) -> str:
    """The page's cookie; empty if the request does not come from the page."""
    cookie: SessionCookie = connection.app.state.session_cookie
    return connection.cookies.get(cookie.name, "") if from_our_page(connection) else ""


def from_our_page(connection: AnyConnection) -> bool:
    """Whether the request comes from the users' page: the cookie alone is not accepted.

    Another site's page cannot add this header without CORS, which is never granted to it, so it
    cannot make a browser act with the cookie, even where SameSite is not enough.
    """
    return header_of(connection.scope, _PAGE_HEADER) == "1"


def _require_json(connection: AnyConnection) -> None:
    scope = connection.scope
    no_length = header_of(scope, b"content-length") in (None, "0")
    if no_length and header_of(scope, b"transfer-encoding") is None:
        return
    media = (header_of(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMedia("send the body as Content-Type: application/json")
