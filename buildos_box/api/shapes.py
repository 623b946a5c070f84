"""Jobs as the API shows them, in snake_case."""

from typing import Any

import msgspec

from buildos_box.jobs.record import Facts


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `id` is its public id; instants are UTC ISO 8601 with milliseconds.

    `queue_job_id` is `id`, `error_message` is `error` and `processed_at` is `completed_at`.
    """

    id: str
    queue_job_id: str
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
    processed_at: str | None
    updated_at: str
    metadata: Any
    result: Any
    error: str | None
    error_message: str | None
    error_kind: str | None
    error_code: str | None
    progress: Any
    cancel_reason: str | None
    correlation_id: str

    @classmethod
    def of(cls, row: Facts, metadata: Any) -> "JobView":
        """The view of one ledger row; `metadata` as `job_metadata` shows it."""
        columns = {name: _SOURCES.get(name, name) for name in cls.__struct_fields__}
        parsed = {name: parsed_json(row[name]) for name in ("result", "progress")}
        plain = {
            name: row[column]
            for name, column in columns.items()
            if name not in ("metadata", *parsed)
        }
        return cls(metadata=metadata, **plain, **parsed)


_SOURCES = {"id": "queue_job_id", "error_message": "error", "processed_at": "completed_at"}


def parsed_json(text: str | None) -> Any:
    """The value of a JSON column; None if it is empty."""
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
