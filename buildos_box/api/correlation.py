"""The correlation id of a request, taken from its header or made.

The rules: docs/spec.md#correlation.
"""

import re
from typing import Any

HEADER = "X-Correlation-Id"
HEADER_BYTES = HEADER.lower().encode()
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_KEY = "correlation_id"


def given_in(scope: Any) -> str | None:
    """The id that the client has sent; None if it sent none that may be taken."""
    for name, value in scope["headers"]:
        if name.lower() == HEADER_BYTES:
            text = value.decode("latin-1")
            return text if _SAFE.fullmatch(text) else None
    return None


def bind(scope: Any, correlation_id: str) -> None:
    """Keep the id with the request."""
    scope.setdefault("state", {})[_KEY] = correlation_id


def correlation_of(scope: Any) -> str:
    """The correlation id of this request."""
    return str(scope.get("state", {}).get(_KEY, ""))
