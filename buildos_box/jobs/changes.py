"""What the queue tells the rooms above of, inside the transaction in which it happens."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job has failed for good."""

    job_id: str
    job_type: str
    user_id: str | None
    metadata: dict[str, Any]
    correlation_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """A live job was cancelled, by a person, by a newer request, or because it expired."""

    job_id: str
    job_type: str
    user_id: str | None
    metadata: dict[str, Any]
    correlation_id: str
    reason: str
