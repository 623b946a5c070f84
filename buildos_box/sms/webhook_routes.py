"""What Twilio tells the box."""

from typing import Any

ROUTES: list[Any] = []
