"""The job that mails a notification."""

from typing import Any

JOB_TYPES: list[Any] = []
