"""One job with its history, read from the job store or from the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.db import Database, Row
from buildos_box.jobs import cleanup_store, job_query_store

_SINCE_ARCHIVED = {"retry_until": None, "deferred": 0, "losses": 0, "rerun_wanted": 0}
"""Columns that jobs archived by an earlier version lack."""
Facts = Row | dict[str, Any]
"""A row of the job store, or the same columns read from the archive."""


@dataclass(frozen=True, slots=True)
class JobDetails:
    """A job, its attempts and its audit trail, oldest first."""

    job: Facts
    attempts: Sequence[Facts]
    events: Sequence[Facts]


async def job_named(db: Database, job_id: str) -> Facts | None:
    """The job with that public id, live, finished or archived; None if there is none."""
    row = await job_query_store.job_named(db, job_id)
    if row is not None:
        return row
    archived = await cleanup_store.archived(db, job_id)
    return None if archived is None else facts_of(archived)


def facts_of(archived: Row) -> Facts:
    """The columns of an archived job."""
    return {**_SINCE_ARCHIVED, **_object(archived["job"])}


async def details_of(db: Database, job: Facts) -> JobDetails:
    """The job with its attempts and audit trail."""
    archived = await cleanup_store.archived(db, job["queue_job_id"])
    if archived is not None:
        return JobDetails(job, _list(archived["attempts"]), _list(archived["events"]))
    row_id = job["id"]
    return JobDetails(
        job,
        await job_query_store.attempts_of(db, row_id),
        await job_query_store.events_of(db, row_id),
    )


def _object(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])


def _list(text: str) -> list[dict[str, Any]]:
    return msgspec.json.decode(text, type=list[dict[str, Any]])
