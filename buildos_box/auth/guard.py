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
    header = connection.headers.get("authorization")
    if header is None and (session := session_of(connection)):
        return keyring.recognise(session, SESSION)
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("send a token: Authorization: Bearer bos_…")
    return keyring.recognise(token.strip())


def session_of(connection: AnyConnection) -> str:
    """The page's cookie; empty if the request does not come from the page."""
    cookie: SessionCookie = connection.app.state.session_cookie
    return connection.cookies.get(cookie.name, "") if from_our_page(connection) else ""


def from_our_page(connection: AnyConnection) -> bool:
    """Whether the request comes from the users' page: the cookie alone is not accepted.

    Another site's page cannot add this header without CORS, which is never granted to it, so it
    cannot make a browser act with the cookie, even where SameSite is not enough.
    """
    return connection.headers.get(PAGE_HEADER) == "1"


def _require_json(connection: AnyConnection) -> None:
    headers = connection.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media != "application/json":
        raise UnsupportedMedia("send the body as Content-Type: application/json")
