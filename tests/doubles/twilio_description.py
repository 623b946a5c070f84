"""Twilio's published API description, and what it finds wrong with a request."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_FILE = Path(__file__).with_name("twilio_api_v2010.json")
PATHS: dict[str, dict[str, Any]] = json.loads(_FILE.read_text("utf-8"))["paths"]
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Checked:
    """One request: the operation it is, its values, and all that is wrong with it."""

    operation: str
    values: dict[str, str]
    faults: list[str]


def check(method: str, target: str, content_type: str, body: str) -> Checked:
    """Hold a request against the description; what that does not name is a fault."""
    parts = urlsplit(target)
    for template, operations in PATHS.items():
        names = re.findall(r"\{(\w+)\}", template)
        found = re.fullmatch(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template)), parts.path)
        operation = operations.get(method.lower())
        if found is None or operation is None:
            continue
        in_path = dict(zip(names, found.groups(), strict=True))
        query = parse_qs(parts.query, keep_blank_values=True)
        form = parse_qs(body, keep_blank_values=True)
        faults = [
            *_named(in_path, query, operation["parameters"]),
            *_body(form, content_type, operation.get("requestBody")),
        ]
        values = in_path | {name: many[0] for name, many in {**query, **form}.items()}
        return Checked(operation["operationId"], values, faults)
    return Checked("", {}, [f"there is no {method} {parts.path}"])


def _named(
    in_path: dict[str, str], query: dict[str, list[str]], parameters: list[dict[str, Any]]
) -> Iterator[str]:
    schemas = {"path": {}, "query": {}}  # type: dict[str, dict[str, Any]]
    for parameter in parameters:
        schemas[parameter["in"]][parameter["name"]] = parameter["schema"]
    for name, value in in_path.items():
        yield from _value(name, [value], schemas["path"].get(name))
    for name, many in query.items():
        yield from _value(name, many, schemas["query"].get(name))


def _body(
    form: dict[str, list[str]], content_type: str, description: dict[str, Any] | None
) -> Iterator[str]:
    if description is None:
        if form:
            yield "it has a body"
        return
    if content_type.partition(";")[0] != _FORM:
        yield f"its body is {content_type}"
    for name, many in form.items():
        yield from _value(name, many, description["properties"].get(name))
    for name in description["required"]:
        if not form.get(name, [""])[0]:
            yield f"{name} is required"
    for one_of in description["conditional"]:
        if not any(form.get(name, [""])[0] for name in one_of):
            yield f"one of {', '.join(one_of)} is required"


def _value(name: str, many: list[str], schema: dict[str, Any] | None) -> Iterator[str]:
    if schema is None:
        yield f"there is no parameter {name}"
        return
    if len(many) > 1 and schema["type"] != "array":
        yield f"{name} is there {len(many)} times"
    for value in many:
        if not _fits(value, schema):
            yield f"{name} can't be {value!r}"


def _fits(value: str, schema: dict[str, Any]) -> bool:
    kind = schema["type"]
    if kind == "boolean":
        return value.lower() in ("true", "false")
    if kind == "integer":
        if re.fullmatch(r"-?\d+", value) is None:
            return False
        return schema.get("minimum", int(value)) <= int(value) <= schema.get("maximum", int(value))
    if kind == "number":
        return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return False
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        return False
    if schema.get("format") == "phone-number":
        return re.fullmatch(r"\+[1-9]\d{6,14}", value) is not None
    if schema.get("format") == "uri":
        url = urlsplit(value)
        return url.scheme in ("http", "https") and bool(_HOST.fullmatch(url.hostname or ""))
    return True
