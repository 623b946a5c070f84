"""Bodies of requests, decoded straight into what is known of them.

Only known fields are taken out, each as the bytes that it was sent in; all else is passed over
without being built. So a body cannot become many times its size in memory: `[[],[],…]` would be
thirty times as large as a list of lists.
"""

import threading
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from buildos_box.errors import Malformed, Unprocessable
from buildos_box.workspace.fields import TEXT_CHARS
from buildos_box.workspace.item_types import DEPENDENCIES, KINDS, Kind

MAX_ITEMS = 20_000
"""Of all lists of a sync together: they are written in one transaction."""
DELETES_BYTES = 4 * 1024 * 1024
_LONGEST_TEXT = 12 * TEXT_CHARS + 2
"""Bytes of JSON: a character outside the basic plane may be written as two `\\uXXXX`."""
_LONGEST_LIST = 64 * 1024
_OVERLONG = "x" * (TEXT_CHARS + 1)
"""Stands for a text of which no reader would take so much."""

Scalar = str | int | float | bool | None
_value = msgspec.json.Decoder(Scalar | list[Scalar])
_deletes = msgspec.json.Decoder(dict[str, list[Scalar | dict[str, Scalar]] | None])


class _Counted(threading.local):
    """How many items may still be built; counted while they are, so that none is in vain."""

    left = 0


_counted = _Counted()


def _count(_item: Struct) -> None:
    _counted.left -= 1
    if _counted.left < 0:
        raise ValueError(f"a request may hold at most {MAX_ITEMS:,} items")


@cache
def _item_type(name: str, fields: tuple[str, ...]) -> type[Struct]:
    members = [(field, Raw | UnsetType, UNSET) for field in fields]
    return msgspec.defstruct(name, members, namespace={"__post_init__": _count})


def _type_of(kind: Kind) -> type[Struct]:
    return _item_type(kind.name, tuple(field.name for field in kind.fields))


_ITEMS: dict[str, msgspec.json.Decoder[list[Struct]]] = {
    **{kind.name: msgspec.json.Decoder(list[_type_of(kind)]) for kind in KINDS},  # type: ignore[misc]
    DEPENDENCIES: msgspec.json.Decoder(list[_item_type(DEPENDENCIES, ("taskId", "dependsOnId"))]),  # type: ignore[misc]
}
_sync = msgspec.json.Decoder(
    msgspec.defstruct(
        "Sync", [(name, Raw | UnsetType, UNSET) for name in (*_ITEMS, "delete", "deletes")]
    )
)


def read_object(kind: Kind, body: bytes) -> dict[str, Any]:
    """The known fields of a body for one thing. Raises Malformed."""
    _counted.left = 1
    return values_of(_decoded(msgspec.json.Decoder(_type_of(kind)), body))


def read_lists(body: bytes) -> dict[str, Any]:
    """The lists of a sync, whose items `values_of` opens. Raises Malformed, Unprocessable."""
    _counted.left = MAX_ITEMS
    found = _present(_decoded(_sync, body))
    return {
        name: _deleted(name, raw) if name in ("delete", "deletes") else _items(name, raw)
        for name, raw in found.items()
    }


def reads(kind: Kind) -> dict[str, Any]:
    """For a route's `opt`: its body is for one thing of that kind."""
    return {"reads": partial(read_object, kind)}


def values_of(item: Struct) -> dict[str, Any]:
    """The fields that were given, each a text, a number, a truth value, null or a list of such.

    Raises Malformed for any other value.
    """
    return {name: _read(raw) for name, raw in _present(item).items()}


def _present(item: Struct) -> Mapping[str, Raw]:
    values = ((name, getattr(item, name)) for name in item.__struct_fields__)
    return {name: raw for name, raw in values if raw is not UNSET}


def _decoded(decoder: Any, body: bytes | Raw) -> Any:
    """Raises Malformed."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise Malformed("the body must be a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None


def _items(name: str, raw: Raw) -> Any:
    if bytes(memoryview(raw)[:1]) != b"[":
        return None if bytes(raw) == b"null" else {}
    try:
        return _ITEMS[name].decode(raw)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        if "at most" in message:
            raise Unprocessable.field(name, message) from None
        raise Unprocessable.field(f"{name}{path.rstrip('`')}", "must be an object") from None


def _deleted(name: str, raw: Raw) -> Any:
    if len(memoryview(raw)) > DELETES_BYTES:
        raise Unprocessable.field(name, f"is longer than {DELETES_BYTES // 1024**2} MiB")
    if bytes(raw) == b"null":
        return None
    try:
        return _deletes.decode(raw)
    except msgspec.ValidationError:
        raise Unprocessable.field(name, "must be an object of lists of ids") from None


def _read(raw: Raw) -> Any:
    """A value; what no reader takes is only stood in for. Raises Malformed."""
    size, first = len(memoryview(raw)), bytes(memoryview(raw)[:1])
    if first == b"{" or (first == b"[" and size > _LONGEST_LIST):
        return {}
    if size > _LONGEST_TEXT:
        return _OVERLONG
    try:
        return _value.decode(raw)
    except msgspec.ValidationError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None
