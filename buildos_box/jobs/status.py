"""The states of a job, and how far it is."""

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """The states of a job."""

    PENDING = "pending"
    PROCESSING = "processing"
    QUEUED_FOR_RETRY = "queued_for_retry"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Progress(msgspec.Struct, frozen=True):
    """How far a job is: `current` of `total`, and a sentence for people."""

    current: int
    total: int
    message: str
