"""What a route requires of its caller, checked before the request's body is read.

A route declares it in its `opt`; one with a `user_id` in its path is for that user, the service and
admins without a declaration. What depends on the body is checked by the handler.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from buildos_box.auth.caller import Caller

NEEDS_SERVICE = {"needs": "service"}
"""For tokens with scope service or admin; a viewer's may read."""
NEEDS_ADMIN = {"needs": "admin"}
LONG_TEXTS = {"max_body": "long"}
"""For routes that accept long texts or lists."""


def scope_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Check the caller. Raises Forbidden, and NotFound for another user's path."""
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
