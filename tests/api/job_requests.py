"""The requests that queue a job, read from the routes: those that take an Idempotency-Key."""

import inspect
from typing import Any, get_type_hints

from litestar.handlers import HTTPRouteHandler

from buildos_box import registry
from buildos_box.auth.idempotency import IdempotentRequest

BODY: dict[str, Any] = {"userId": "ada"}
"""What such a request says at least. One that must say more has a row of its own in each table."""


def job_requests() -> list[str]:
    """The paths of all such routes, each answered to a POST."""
    return [
        path
        for handler in registry.ROUTES
        if isinstance(handler, HTTPRouteHandler) and _is_idempotent(handler)
        for path in handler.paths
    ]


def _is_idempotent(handler: HTTPRouteHandler) -> bool:
    run = inspect.unwrap(handler.fn)
    return IdempotentRequest in get_type_hints(run).values()
