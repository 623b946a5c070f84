"""The job that makes onboarding analyses."""

from typing import Any

JOB_TYPES: list[Any] = []
