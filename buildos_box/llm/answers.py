"""From a question's type to a JSON schema, and from a model's text to a value of that type."""

import re
from typing import Any, TypeVar

import msgspec

from buildos_box.llm.fence import visible
from buildos_box.untrusted_json import read_json

T = TypeVar("T")
_FENCED = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL)
_KNOWN: dict[type[Any], dict[str, Any]] = {}


def json_schema(of: type[Any]) -> dict[str, Any]:
    """The JSON schema that an answer must fit, whole: its parts are under `$defs`.

    It is worked out once for each type, so nobody may change what is returned.
    """
    if of not in _KNOWN:
        _KNOWN[of] = _schema(of)
    return _KNOWN[of]


def _schema(of: type[Any]) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([of], ref_template="#/$defs/{name}")
    if set(schema) == {"$ref"}:
        # Some providers want an object at the top, not a reference to one.
        name = schema["$ref"].rpartition("/")[2]
        schema = components.pop(name)
    return {**schema, "$defs": components} if components else schema


def read(text: str, schema: type[T]) -> tuple[T | None, str]:
    """The answer as the schema has it, or None and what is wrong: `<kind>: <detail>`."""
    fenced = _FENCED.fullmatch(text)
    body = visible(fenced[1] if fenced else text)
    try:
        return read_json(body, schema), ""
    except msgspec.ValidationError as error:
        return None, f"invalid_schema: {error}"
    except msgspec.DecodeError as error:
        return None, f"invalid_json: {error}"


def kind_of(fault: str) -> str:
    """The kind of a fault that `read` told of."""
    return fault.partition(":")[0]
