"""The changes of jobs that higher layers can listen to, in the transaction that makes them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

EXPIRED = "expired"
"""The reason of a job that was cancelled because its time was over."""
STALE = "stale"
"""The reason of a job that the cleanup cancelled because it had been live for too long."""


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
    """A live job was cancelled: by request, by a newer job, or because it expired."""

    job_id: str
    job_type: str
    user_id: str | None
    metadata: dict[str, Any]
    correlation_id: str
    reason: str


class JobsChanged(NamedTuple):
    """These rows of the job store were added or have a new status.

    It carries row ids only, because the job store's throughput matters; a listener that needs more
    reads it after the commit.
    """

    row_ids: tuple[int, ...]


class JobWaits(NamedTuple):
    """A job of that user waits in that lane from now on.

    Without a lane it may be any job of any user.
    """

    lane: str | None = None
    user_id: str | None = None


class JobProgressed(NamedTuple):
    """The job in this row of the job store has new progress."""

    row_id: int
