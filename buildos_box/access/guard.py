"""The guard before every route: shut unless a route declares itself public (spec 14.1)."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers.base import BaseRouteHandler

from buildos_box.access.caller import Caller
from buildos_box.access.keyring import Keyring
from buildos_box.errors import Unauthorized, UnsupportedMedia

PUBLIC = {"public": True}
"""Put into a route handler's `opt` to open it to everybody."""
AlsoBy = Callable[[ASGIConnection[Any, Any, Any, Any]], Awaitable[Caller | None]]
"""A route's `opt` may name such a function as `also_by`: another way than a token to be known."""


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Recognise the caller before anything of the request's body is read. Raises Unauthorized."""
    if handler.opt.get("public"):
        return
    also_by: AlsoBy | None = handler.opt.get("also_by")
    if also_by is not None and (known := await also_by(connection)) is not None:
        connection.scope["state"]["caller"] = known
        return
    keyring: Keyring = connection.app.state.keyring
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("send a token: Authorization: Bearer bos_…")
    connection.scope["state"]["caller"] = await keyring.recognise(token.strip())
    _require_json(connection)


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
