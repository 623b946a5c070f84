"""The job that delivers one notification over one channel."""

from typing import Any

JOB_TYPES: list[Any] = []
