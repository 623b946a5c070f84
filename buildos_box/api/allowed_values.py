"""Which values a field may have, by the type that refused another."""

import enum
import re
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def allowed_values(kind: Any, path: str) -> list[str]:
    """The values of the enumeration at that path of the type (`jobs[0].status`); none if there is
    no enumeration.
    """
    kinds = _members(kind)
    for step in _STEP.findall(path):
        kinds = [inner for one in kinds for inner in _inside(one, step)]
    return [value for one in kinds for value in _values(one)]


def _members(kind: Any) -> list[Any]:
    """The types of a union, each without its annotations."""
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    args = get_args(kind)
    if args and get_origin(kind) not in (list, tuple, dict, Literal):
        return [member for arg in args for member in _members(arg)]
    return [kind]


def _inside(kind: Any, step: str) -> list[Any]:
    if step.startswith("["):
        args = get_args(kind)
        return _members(args[-1] if get_origin(kind) is dict else args[0]) if args else []
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return []
    names = {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
    return _members(get_type_hints(kind)[names[step]]) if step in names else []


def _values(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(member.value) for member in kind]
    return []
