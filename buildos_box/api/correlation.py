"""The correlation id of a request, taken from its header or made.

The rules: docs/spec.md#correlation.
"""

import re
from typing import Any

from buildos_box.auth.guard import header_of

HEADER = "X-Correlation-Id"
HEADER_BYTES = HEADER.lower().encode()
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_KEY = "correlation_id"


def given_in(scope: Any) -> str | None:
    """The id that the client has sent; None if it sent none that may be taken."""
    text = header_of(scope, HEADER_BYTES)
    return text if text is not None and _SAFE.fullmatch(text) else None


def bind(scope: Any, correlation_id: str) -> None:
    """Keep the id with the request."""
    scope.setdefault("state", {})[_KEY] = correlation_id


def correlation_of(scope: Any) -> str:
    """The correlation id of this request."""
    return str(scope.get("state", {}).get(_KEY, ""))
