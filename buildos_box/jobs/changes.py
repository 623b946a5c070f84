"""What the queue tells the rooms above of, inside the transaction in which it happens."""

from dataclasses import dataclass
from typing import Any, NamedTuple


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


class JobsChanged(NamedTuple):
    """These rows of the ledger have a new status or were enqueued.

    Only row ids, whatever their number: the ledger's speed is measured, and who wants more reads
    it after the commit.
    """

    row_ids: tuple[int, ...]


class JobWaits(NamedTuple):
    """A job of that user has come to wait in that lane, or may be claimed from now on.

    Without a lane: it may be any job.
    """

    lane: str | None = None
    user_id: str | None = None


class JobProgressed(NamedTuple):
    """The job in this row of the ledger says how far it is."""

    row_id: int
