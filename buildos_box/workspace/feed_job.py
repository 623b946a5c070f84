"""The job that pulls one calendar feed."""

from typing import Any

JOB_TYPES: list[Any] = []
