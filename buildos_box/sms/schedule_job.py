"""The job that plans one user's day of reminders."""

from typing import Any

JOB_TYPES: list[Any] = []
