"""Tells of tasks that are due soon."""

from typing import Any

CRONS: list[Any] = []
