"""JSON schemas of questions, and parsing models' answers."""

from typing import Any, TypeVar

import msgspec

from buildos_box.llm.answer_json import values_in
from buildos_box.llm.untrusted_text import visible
from buildos_box.untrusted_json import read_json

T = TypeVar("T")
_KNOWN: dict[type[Any], dict[str, Any]] = {}


def json_schema(of: type[Any]) -> dict[str, Any]:
    """The complete JSON schema of an answer, with its parts under `$defs`.

    It is cached, so the result must not be changed.
    """
    if of not in _KNOWN:
        _KNOWN[of] = _schema(of)
    return _KNOWN[of]


def _schema(of: type[Any]) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([of], ref_template="#/$defs/{name}")
    if set(schema) == {"$ref"}:
        # Some providers require an object at the top, not a reference to one.
        name = schema["$ref"].rpartition("/")[2]
        schema = components.pop(name)
    return {**schema, "$defs": components} if components else schema


def read(text: str, schema: type[T]) -> tuple[T | None, str]:
    """The parsed answer, or None and the fault: `<kind>: <detail>`.

    If the answer holds several objects, the last one that fits is used.
    """
    body = visible(text)
    try:
        return read_json(body, schema), ""
    except msgspec.DecodeError:
        pass  # not JSON alone, or not as the schema requires
    described = json_schema(schema)
    fault, longest = "", -1
    try:
        for source, value in values_in(body):
            try:
                fitted = _fitted(value, described, described.get("$defs", {}))
                return msgspec.convert(fitted, schema), ""
            except msgspec.ValidationError as error:
                if len(source) > longest:
                    fault, longest = f"invalid_schema: {error}", len(source)
    except msgspec.DecodeError as error:
        fault = fault or f"invalid_json: {error}"
    return None, fault or "invalid_json: there is no complete JSON object in it"


def kind_of(fault: str) -> str:
    """The kind of a fault that `read` returned."""
    return fault.partition(":")[0]


def _fitted(value: Any, schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """The value with the schema's spelling: the case of enumerations, no `null` for optional
    fields, whole numbers without a fraction.

    Nothing else is changed.
    """
    schema = _resolved(schema, parts)
    if isinstance(value, str) and "enum" in schema:
        return next((word for word in schema["enum"] if _same_word(word, value)), value)
    if isinstance(value, float) and schema.get("type") == "integer" and value.is_integer():
        return int(value)
    if isinstance(value, list) and "items" in schema:
        return [_fitted(item, schema["items"], parts) for item in value]
    if isinstance(value, dict) and "properties" in schema:
        return _fitted_fields(value, schema, parts)
    return value


def _fitted_fields(
    value: dict[str, Any], schema: dict[str, Any], parts: dict[str, Any]
) -> dict[str, Any]:
    required = schema.get("required", ())
    known = schema["properties"]
    return {
        name: _fitted(field, known.get(name, {}), parts)
        for name, field in value.items()
        if field is not None or name in required or _may_be_null(known.get(name, {}))
    }


def _resolved(schema: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """The schema in place of a reference to it, or of a choice between it and null."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        schema = options[0]
    if "$ref" in schema:
        found: dict[str, Any] = parts.get(schema["$ref"].rpartition("/")[2], {})
        return found
    return schema


def _may_be_null(schema: dict[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in schema.get("anyOf", (schema,)))


def _same_word(word: Any, value: str) -> bool:
    return isinstance(word, str) and _plain_word(word) == _plain_word(value)


def _plain_word(text: str) -> str:
    return text.strip().casefold().replace(" ", "_").replace("-", "_")
