"""Fields of a body that are null although they may only be left out: they count as left out.

Clients whose language has no difference between the two send null. Only fields that the route knows
are looked at, each as the bytes that it was sent in, so that a body does not become many times its
size in memory.
"""

import types
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


def without_nulls(body: bytes, kind: Any) -> bytes:
    """The body without nulls in optional fields of another type, also in objects inside it.

    It is unchanged if `kind` is no struct. Raises msgspec.DecodeError.
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
