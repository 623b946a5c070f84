"""The error responses of every route in the OpenAPI description."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ControllerRouterHandler

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PAGES = (400, 404)
"""The media type of routes that answer people with HTML pages."""
_SAID = {
    400: "The request cannot be read",
    401: "No token, or one that is not valid",
    403: "The token does not allow this",
    404: "Nothing is there, or nothing that this token may know of",
    409: "Conflicts with what exists",
    413: "The body is too large",
    415: "This route does not accept that media type",
    422: "Well-formed, but not possible",
    429: "Too many requests; see Retry-After",
    503: "The server is stopping, or cannot write now",
}


class Fault(msgspec.Struct, frozen=True):
    """A fault of one field."""

    field: str
    message: str


class Refusal(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The form of every error. `existing_job_id` is given only if a job is in the way."""

    error: str
    code: str
    details: list[Fault]
    correlation_id: str
    existing_job_id: str | None = None


def document_refusals(handlers: Iterable[ControllerRouterHandler]) -> None:
    """Add the possible errors to each route's description."""
    for handler in handlers:
        if isinstance(handler, HTTPRouteHandler):
            known: dict[int, ResponseSpec] = dict(handler.responses or {})
            for status in _statuses(handler):
                is_page = handler.media_type == MediaType.HTML and status in _PAGES
                known.setdefault(status, _page(status) if is_page else _spec(status))
            handler.responses = known
            if _is_public(handler):
                handler.security = [{}]


@cache
def _spec(status: int) -> ResponseSpec:
    return ResponseSpec(Refusal, generate_examples=False, description=_SAID[status])


@cache
def _page(status: int) -> ResponseSpec:
    return ResponseSpec(
        str, generate_examples=False, description=_SAID[status], media_type=MediaType.HTML
    )


def _statuses(handler: HTTPRouteHandler) -> list[int]:
    found = [400, 404, 413, 415, 422, 429, 503]
    if not _is_public(handler):
        found += [401, 403]
    if handler.http_methods & _WRITES:
        found += [401, 403, 409]
    return found


def _is_public(handler: Any) -> bool:
    return bool(handler.opt.get("public"))
