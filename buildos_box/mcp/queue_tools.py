"""Tools for the operator: the queue, its jobs, and what is planned."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from buildos_box.mcp.rest import Json, Rest
from buildos_box.mcp.tool import Cursor, Limit, Tool, given, rows_of, tool

_JOB = (
    "id", "job_type", "status", "user_id", "lane", "attempts", "scheduled_for", "completed_at",
    "error_code", "error",
)  # fmt: skip


class Nothing(Struct, forbid_unknown_fields=True):
    """No arguments."""


@tool("Queue numbers", Nothing, for_operator=True)
async def queue_stats(rest: Rest, _asked: Nothing) -> Json:
    """How many jobs wait, run and failed, the lanes and what is paused, and the server's health."""
    return {
        "stats": await rest.get("queue", "stats"),
        "lanes": await rest.get("queue", "lanes"),
        "health": await rest.get("health"),
    }


class FindJobs(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which jobs."""

    status: Annotated[
        str | None,
        Meta(description="pending, processing, queued_for_retry, completed, failed or cancelled"),
    ] = "failed"
    type: Annotated[str | None, Meta(description="A job type, like generate_daily_brief")] = None
    user: str | None = None
    text: Annotated[str | None, Meta(description="Only jobs with this in their error")] = None
    limit: Limit = 20
    cursor: Cursor = None


@tool("Find jobs", FindJobs, for_operator=True)
async def find_jobs(rest: Rest, asked: FindJobs) -> Json:
    """Jobs, newest first; without a status those that failed."""
    query = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return rows_of(await rest.get("jobs", **query), *_JOB, key="jobs")


class OneJob(Struct, kw_only=True, forbid_unknown_fields=True):
    """A job by its id."""

    job_id: str


@tool("Read a job", OneJob, for_operator=True)
async def get_job(rest: Rest, asked: OneJob) -> Json:
    """One job with its attempts and the errors that ended them."""
    job: Json = await rest.get("jobs", asked.job_id)
    return {"job": job, **await rest.get("jobs", asked.job_id, "attempts")}


@tool("Why a job waits", OneJob, for_operator=True)
async def why_job(rest: Rest, asked: OneJob) -> Any:
    """Why a job has not run yet: what is before it, what is paused, when it is due."""
    return await rest.get("jobs", asked.job_id, "why")


@tool("Retry a job", OneJob, changes=True, for_operator=True)
async def retry_job(rest: Rest, asked: OneJob) -> Any:
    """Run a failed or cancelled job again."""
    return await rest.post("jobs", asked.job_id, "retry")


@tool("Cancel a job", OneJob, destructive=True, for_operator=True)
async def cancel_job(rest: Rest, asked: OneJob) -> Any:
    """Cancel a job that waits or runs; what it has sent already stays sent."""
    return await rest.post("jobs", asked.job_id, "cancel")


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of the queue: a lane, a job type, or all of it if neither is named."""

    lane: str | None = None
    type: str | None = None


@tool("Pause the queue", Part, changes=True, for_operator=True)
async def pause_queue(rest: Rest, asked: Part) -> Any:
    """Start no more jobs of a lane or type, or of all; those that run go on."""
    return await rest.post("queue", "pause", body=given(asked))


@tool("Resume the queue", Part, changes=True, for_operator=True)
async def resume_queue(rest: Rest, asked: Part) -> Any:
    """Start jobs again after a pause."""
    return await rest.post("queue", "resume", body=given(asked))


class Forecast(Struct, kw_only=True, forbid_unknown_fields=True):
    """Of which days."""

    days: Annotated[int, Meta(ge=1, le=31)] = 1
    user: str | None = None
    limit: Limit = 50


@tool("What will be sent", Forecast, for_operator=True)
async def forecast(rest: Rest, asked: Forecast) -> Any:
    """What will be written and sent in the coming days, and what will not and why."""
    return await rest.get(
        "schedule", "forecast", days=asked.days, user=asked.user, limit=asked.limit
    )


class FindUsers(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which users."""

    limit: Limit = 50
    cursor: Cursor = None


@tool("List users", FindUsers, for_operator=True)
async def list_users(rest: Rest, asked: FindUsers) -> Json:
    """The users of this server with their ids and time zones, newest first."""
    page = await rest.get("users", limit=asked.limit, cursor=asked.cursor)
    return rows_of(page, "id", "name", "timezone")


TOOLS: tuple[Tool, ...] = (
    queue_stats,
    find_jobs,
    get_job,
    why_job,
    retry_job,
    cancel_job,
    pause_queue,
    resume_queue,
    forecast,
    list_users,
)
