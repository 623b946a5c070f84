"""How a request's body is read: within the route's own limit, and straight into its type.

A value of another type than its field's is refused; null for an optional field means that it was
left out (docs/spec.md#api-null).
"""

import types
from collections.abc import Iterable
from copy import copy
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler
from litestar.types.empty import Empty
from msgspec import UNSET, Raw, Struct, UnsetType

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


def without_nulls(body: bytes, kind: Any) -> bytes:
    """The body without nulls in optional fields of another type, also in objects inside it.

    Clients whose language has no difference between null and a missing field send null. Only known
    fields are looked at, each as its bytes, so that a body does not become many times its size in
    memory. It is unchanged if `kind` is no struct. Raises msgspec.DecodeError.
    """
    struct = _struct_in(kind)
    if struct is None:
        return body
    raw_type, nullable, inner = _about(struct)
    given = msgspec.json.decode(body, type=raw_type)
    kept: dict[str, Raw] = {}
    for name in (field.name for field in msgspec.structs.fields(raw_type)):
        raw = getattr(given, name)
        if raw is UNSET or (bytes(memoryview(raw)[:4]) == b"null" and name not in nullable):
            continue
        is_object = bytes(memoryview(raw)[:1]) == b"{"
        deeper = inner.get(name) if is_object else None
        kept[name] = Raw(without_nulls(bytes(raw), deeper)) if deeper is not None else raw
    encoded = {names[0]: kept[names[1]] for names in _names(struct) if names[1] in kept}
    return msgspec.json.encode(encoded)


def _names(struct: type[Struct]) -> list[tuple[str, str]]:
    """(the name in JSON, the name of the field)."""
    return [(field.encode_name, field.name) for field in msgspec.structs.fields(struct)]


@cache
def _about(struct: type[Struct]) -> tuple[Any, frozenset[str], dict[str, type[Struct]]]:
    """A type that takes each field as bytes; the fields that null is for; the structs inside."""
    hints = get_type_hints(struct)
    fields = msgspec.structs.fields(struct)
    rename = {field.name: field.encode_name for field in fields}
    members = [(field.name, Raw | UnsetType, UNSET) for field in fields]
    raw_type = msgspec.defstruct(f"Raw{struct.__name__}", members, rename=rename)
    nullable = frozenset(
        field.name for field in fields if field.required or type(None) in _kinds(hints[field.name])
    )
    structs = {field.name: _struct_in(hints[field.name]) for field in fields}
    return raw_type, nullable, {name: one for name, one in structs.items() if one is not None}


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _struct_in(kind: Any) -> type[Struct] | None:
    for one in _kinds(kind):
        if isinstance(one, type) and issubclass(one, Struct):
            return one
    return None
