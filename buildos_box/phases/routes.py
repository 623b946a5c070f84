"""The HTTP of phases."""

from typing import Any

ROUTES: list[Any] = []
