"""Watches how well SMS arrives."""

from typing import Any

CRONS: list[Any] = []
