"""Pulls calendar feeds."""

from typing import Any

CRONS: list[Any] = []
