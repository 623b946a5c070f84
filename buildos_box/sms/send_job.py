"""The job that sends one SMS."""

from typing import Any

JOB_TYPES: list[Any] = []
