"""How a request's body is read: within the route's own limit, and straight into its type."""

from collections.abc import Iterable
from copy import copy
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler
from litestar.types.empty import Empty

SHORT_BODY_BYTES = 64 * 1024
"""What a route takes that has no long texts and says nothing else."""


COPIED_BYTES = 1024 * 1024


class ApiRequest(Request[Any, Any, Any]):
    """Decodes JSON without an intermediate form.

    The type is that of the handler's `data`; a route may name another function as `reads` in its
    `opt`, which is given the bytes. They are not kept then: what it took out may be all that is
    to stay in memory.
    """

    async def body(self) -> bytes:
        """The body, read into one buffer: joining its pieces would need it twice."""
        if self._body is Empty:
            read = bytearray()
            async for chunk in self.stream():
                read += chunk
            # Few know what to do with a buffer, and the copy of a short one costs nothing.
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
        return msgspec.json.decode(body, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise ValidationException(extra=[{"message": str(error), "key": ""}]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SerializationException(str(error)) from error


def with_body_limits(
    handlers: Iterable[ControllerRouterHandler], long_body_bytes: int
) -> list[ControllerRouterHandler]:
    """The handlers, each with its own limit.

    It is what the handler's `opt` has as `max_body`: a number of bytes, or `long` for routes that
    take long texts, which is `long_body_bytes`.
    """
    return [_limited(handler, long_body_bytes) for handler in handlers]


def _limited(handler: ControllerRouterHandler, long_body_bytes: int) -> ControllerRouterHandler:
    if not isinstance(handler, HTTPRouteHandler):
        return handler
    declared = handler.opt.get("max_body", min(SHORT_BODY_BYTES, long_body_bytes))
    limited = copy(handler)
    limited.request_max_body_size = long_body_bytes if declared == "long" else declared
    return limited
