"""Names of fields: snake_case, as databases have them, read as camelCase, as the API has them."""

import re
from typing import Any

_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_([a-z0-9])")


def camel_case(name: str) -> str:
    """`task_id` becomes `taskId`."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def in_camel_case(values: dict[str, Any]) -> dict[str, Any]:
    """The same values under camelCase names; a name that was sent in camelCase wins."""
    return {camel_case(name): value for name, value in values.items()} | {
        name: value for name, value in values.items() if camel_case(name) == name
    }
