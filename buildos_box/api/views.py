"""A job's history and counts as the API shows them, in snake_case."""

import msgspec

from buildos_box.jobs.job_details import Facts


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a job, with its outcome."""

    number: int
    worker: str
    started_at: str
    ended_at: str | None
    outcome: str
    error_kind: str | None
    error_code: str | None
    error: str | None
    stack: str | None

    @classmethod
    def of(cls, row: Facts) -> "AttemptView":
        """The view of one row."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


class JobEventView(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a job's audit trail."""

    at: str
    from_status: str | None
    to_status: str
    reason: str
    actor: str

    @classmethod
    def of(cls, row: Facts) -> "JobEventView":
        """The view of one row."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


class TypeCount(msgspec.Struct, frozen=True):
    """The number of jobs of a type in a status; `scheduled` of them are due later."""

    job_type: str
    status: str
    count: int
    scheduled: int = 0
