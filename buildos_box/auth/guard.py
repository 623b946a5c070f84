"""The guard before every route: shut unless a route declares itself public.

The rules: docs/spec.md#api-default-deny.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers.base import BaseRouteHandler

from buildos_box.auth.caller import Caller
from buildos_box.auth.rate_limits import Authenticator
from buildos_box.errors import Forbidden, Unauthorized, UnsupportedMedia

PUBLIC = {"public": True}
"""Put into a route handler's `opt` to open it to everybody."""
SESSION_COOKIE = "box_session"
"""Holds the token of the users' page; no script can read it."""
PAGE_HEADER = "x-box-page"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
AlsoBy = Callable[[ASGIConnection[Any, Any, Any, Any]], Awaitable[Caller | None]]
"""A route's `opt` may name such a function as `also_by`: another way than a token to be known."""


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Recognise the caller before anything of the request's body is read.

    Raises Unauthorized, Forbidden, RateLimited.
    """
    if handler.opt.get("public"):
        return
    also_by: AlsoBy | None = handler.opt.get("also_by")
    if also_by is not None and (known := await also_by(connection)) is not None:
        connection.scope["state"]["caller"] = known
        return
    authenticator: Authenticator = connection.app.state.authenticator
    caller = await authenticator.recognise(connection, _token_of(connection))
    authenticator.admit(caller)
    if not caller.may_act and connection.scope.get("method", "GET") not in READING:
        raise Forbidden("this token may only read")
    connection.scope["state"]["caller"] = caller
    _require_json(connection)


def _token_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token that was sent, or that the page's cookie holds. Raises Unauthorized."""
    header = connection.headers.get("authorization")
    if header is None and from_our_page(connection):
        token = connection.cookies.get(SESSION_COOKIE, "")
    else:
        scheme, _, token = (header or "").partition(" ")
        token = token if scheme.lower() == "bearer" else ""
    if not token.strip():
        raise Unauthorized("send a token: Authorization: Bearer bos_…")
    return token.strip()


def from_our_page(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether the box's own page asks: the cookie alone opens nothing.

    Another site's page cannot add this header without being let to by CORS, which never allows
    it; so it cannot make a browser act with the cookie, even where SameSite would not help.
    """
    return connection.headers.get(PAGE_HEADER) == "1"


def _require_json(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    headers = connection.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media != "application/json":
        raise UnsupportedMedia("send the body as Content-Type: application/json")


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """The caller whom the guard recognised."""
    caller: Caller = request.scope["state"]["caller"]
    return caller
