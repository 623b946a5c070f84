"""SMS over HTTP."""

from typing import Any

ROUTES: list[Any] = []
