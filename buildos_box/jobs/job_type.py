"""Job types and their payloads, which packages declare; how to add one: docs/job-types.md.

The rules: docs/spec.md#job.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs.attempt import Attempt, P
from buildos_box.jobs.retry import RetryPolicy
from buildos_box.jobs.status import Status


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of every job type's payload; it is stored as the job's `metadata`, keys in camelCase."""


def _no_key(_payload: Any) -> str | None:
    return None


def _never(_payload: Any) -> Instant | None:
    return None


@dataclass(frozen=True, kw_only=True)
class JobType(Generic[P]):
    """One kind of background work. A package declares it in its `FEATURE`.

    `run(attempt, services)` does the work and returns a struct or dict that is stored as the job's
    result. `dedup_key` names the work: at most one live job has it. `expires_at` is the instant
    past which the job is cancelled instead of run. `retry` says how long transient failures are
    retried; other failures, and those of types without it, count against `max_attempts`. A request
    for work that already runs makes the job run once more when it is done, because it may have read
    its inputs before they changed; without `rerun_when_joined` it does not.
    """

    name: str
    payload: type[P]
    run: Callable[[Attempt[P], Any], Awaitable[Any]]
    lane: str = "default"
    priority: int = 5
    timeout: timedelta = timedelta(minutes=10)
    max_attempts: int | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    dedup_key: Callable[[P], str | None] = _no_key
    expires_at: Callable[[P], Instant | None] = _never
    rerun_when_joined: bool = True


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The result of enqueueing: a new job, or the live one with the same dedup key."""

    job_id: str
    status: Status
    scheduled_for: Instant
    deduplicated: bool
    correlation_id: str


class JobQueued(msgspec.Struct, frozen=True, rename="camel"):
    """The response to a request that became a job."""

    success: bool
    job_id: str


class RegenerateOptions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """With `forceRegenerate` the live job is cancelled and another one queued."""

    force_regenerate: bool = False
