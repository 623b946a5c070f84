"""Plans reminders at each user's own midnight."""

from typing import Any

CRONS: list[Any] = []
