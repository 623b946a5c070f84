"""Jobs as the API shows them, in snake_case."""

from typing import Any

import msgspec

from buildos_box.jobs.record import Facts


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `id` is its public id; instants are UTC ISO 8601 with milliseconds."""

    id: str
    user_id: str | None
    job_type: str
    lane: str
    status: str
    priority: int
    attempts: int
    max_attempts: int
    retry_until: str | None
    """Until when a transient failure is retried, whatever `max_attempts`; null if that counts."""
    scheduled_for: str
    created_at: str
    started_at: str | None
    completed_at: str | None
    updated_at: str
    metadata: Any
    result: Any
    error: str | None
    error_kind: str | None
    error_code: str | None
    progress: Any
    cancel_reason: str | None
    correlation_id: str

    @classmethod
    def of(cls, row: Facts) -> "JobView":
        """The view of one ledger row."""
        plain = {
            name: row[name] for name in cls.__struct_fields__ if name not in ("id", *_JSON_COLUMNS)
        }
        parsed = {name: _parsed(row[name]) for name in _JSON_COLUMNS}
        return cls(id=row["queue_job_id"], **plain, **parsed)


_JSON_COLUMNS = ("metadata", "result", "progress")


def _parsed(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


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
    """The number of jobs of a type in a status."""

    job_type: str
    status: str
    count: int
