"""Messages for invalid settings: the value and what is allowed."""

import re
from typing import Any

from buildos_box.did_you_mean import hint, nearest_of
from buildos_box.settings.keys import Key

_EXPECTED = re.compile(r"Expected `([^`]+)`(?:, got `(\w+)`)?(.*)")
_KINDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "str": "text",
    "array": "a list", "object": "a table",
}  # fmt: skip
_BOUND = re.compile(r" (>=|<=|>|<) ([-\d.]+)")
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def message_of(key: Key, value: Any, error: str) -> str:
    """The message for a value that msgspec refused with `error`."""
    if key.choices:
        meant = nearest_of(str(value), key.choices)
        return f"{value!r} must be one of {', '.join(key.choices)}{hint(meant)}"
    found = _EXPECTED.fullmatch(error)
    if found is None:
        return error
    kinds = [_KINDS.get(kind, kind) for kind in found[1].split(" | ") if kind != "null"]
    bound = _BOUND.search(found[3]) or _BOUND.search(error)
    allowed = " or ".join(kinds) + (f" of {_BOUNDS[bound[1]]} {bound[2]}" if bound else "")
    shown = "this value" if key.is_secret else f"{value!r}"
    return f"{shown} must be {allowed}"
