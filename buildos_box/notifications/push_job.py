"""The job that pushes to one subscription."""

from typing import Any

JOB_TYPES: list[Any] = []
