"""The job that makes phases."""

from typing import Any

JOB_TYPES: list[Any] = []
