"""Calendar feeds over HTTP."""

from typing import Any

ROUTES: list[Any] = []
