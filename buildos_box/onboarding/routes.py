"""The HTTP of onboarding analyses."""

from typing import Any

ROUTES: list[Any] = []
