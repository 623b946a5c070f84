"""How a request's body is read: within the route's own limit, and straight into its type.

A value of another type than its field's is refused; null for an optional field means that it was
left out (docs/spec.md#api-null).
"""

from collections.abc import Iterable
from copy import copy
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler
from litestar.types.empty import Empty

from buildos_box.api.optional_fields import without_nulls

SHORT_BODY_BYTES = 64 * 1024
"""The limit of routes without long texts."""


COPIED_BYTES = 1024 * 1024


class ApiRequest(Request[Any, Any, Any]):
    """Decodes JSON directly into the handler's type.

    The type is that of the handler's `data`; a route may name a function as `reads` in its `opt`,
    which gets the bytes. They are not kept then, because what it reads out of them may be all that
    must stay in memory.
    """

    async def body(self) -> bytes:
        """The body in one buffer, because joining pieces would need twice the memory."""
        if self._body is Empty:
            read = bytearray()
            async for chunk in self.stream():
                read += chunk
            # Few functions accept a buffer, and copying a short one is cheap.
            body: bytes = bytes(read) if len(read) <= COPIED_BYTES else read  # type: ignore[assignment]
            self._body = self._connection_state.body = body
        return self._body

    async def json(self) -> Any:
        """The body. Raises ValidationException, SerializationException and what `reads` raises."""
        if self._json is not Empty:
            return self._json
        body = await self.body() or b"null"
        handler: Any = self.route_handler
        reads = handler.opt.get("reads")
        if reads is None:
            self._json = _decoded(body, handler.parsed_fn_signature.parameters["data"].annotation)
        else:
            self._body = self._connection_state.body = b""
            self._json = reads(body)
        return self._json


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError:
            return msgspec.json.decode(without_nulls(body, kind), type=kind)
    except msgspec.ValidationError as error:
        raise ValidationException(extra=[{"message": str(error), "key": ""}]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SerializationException(str(error)) from error


def with_body_limits(
    handlers: Iterable[ControllerRouterHandler], long_body_bytes: int
) -> list[ControllerRouterHandler]:
    """The handlers, each with its own limit.

    It is `max_body` of the handler's `opt`: a number of bytes, or `long` for routes that accept
    long texts, whose limit is `long_body_bytes`.
    """
    return [_limited(handler, long_body_bytes) for handler in handlers]


def _limited(handler: ControllerRouterHandler, long_body_bytes: int) -> ControllerRouterHandler:
    if not isinstance(handler, HTTPRouteHandler):
        return handler
    declared = handler.opt.get("max_body", min(SHORT_BODY_BYTES, long_body_bytes))
    limited = copy(handler)
    limited.request_max_body_size = long_body_bytes if declared == "long" else declared
    return limited
