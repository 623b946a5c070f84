"""What a route asks of its caller, checked before anything of the request's body is read.

A route names it in its `opt`; one whose path has a `user_id` is for that user, the service and
admins without saying so. What only the body can say is left to the handler.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from buildos_box.auth.caller import Caller

NEEDS_SERVICE = {"needs": "service"}
"""For tokens with scope service or admin; a viewer's may read it."""
NEEDS_ADMIN = {"needs": "admin"}
LONG_TEXTS = {"max_body": "long"}
"""For routes that take long texts or lists."""


async def scope_guard(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Raises Forbidden, and NotFound for another user's path. Comes after who it is is known."""
    caller: Caller | None = connection.scope["state"].get("caller")
    if caller is None:
        return
    match handler.opt.get("needs"):
        case "admin":
            caller.require_admin()
        case "service":
            caller.require_service()
    user_id = connection.path_params.get("user_id")
    if user_id is not None:
        caller.require_user(str(user_id))
