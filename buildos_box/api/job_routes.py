"""Jobs over HTTP: reading, cancelling, retrying."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import Parameter, QueryParameter

from buildos_box.api.views import AttemptView, JobEventView
from buildos_box.auth import daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import LONG_TEXTS, NEEDS_SERVICE
from buildos_box.clock import as_stored, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.job_views import JobView, job_view, job_views
from buildos_box.jobs import cleanup_store, job_query_store
from buildos_box.jobs.bulk import BulkReport, BulkRequest, run_bulk
from buildos_box.jobs.job_details import Facts, details_of, facts_of, job_named
from buildos_box.jobs.job_store import dump
from buildos_box.jobs.status import Status
from buildos_box.jobs.why import Why, explain
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.paging import clamped, decode_cursor, encode_cursor

Limit = Annotated[
    int,
    Parameter(
        description=f"The most jobs of the page; past {job_query_store.LONGEST_PAGE} it counts so"
    ),
]
_OTHER_STATUS_NAMES = {"retrying": Status.QUEUED_FOR_RETRY.value}
TypeQuery = Annotated[
    str | None, QueryParameter(name="type", description="Comma list of job types")
]
StatusQuery = Annotated[
    str | None, QueryParameter(name="status", description="Comma list of states")
]

EndedSince = Annotated[
    str | None, QueryParameter(name="endedSince", description="Ended at that instant or later")
]
EndedUntil = Annotated[
    str | None, QueryParameter(name="endedUntil", description="Ended before that instant")
]


class JobList(msgspec.Struct, frozen=True, rename="camel"):
    """A page of jobs, newest first."""

    jobs: list[JobView]
    next_cursor: str | None = None


@get("/jobs/{job_id:str}", tags=["Jobs"])
async def get_job(job_id: str, services: Services, caller: Caller) -> JobView:
    """One job. Raises NotFound."""
    return await _shown(services, caller, job_id)


@get("/jobs/{job_id:str}/attempts", tags=["Jobs"])
async def get_attempts(
    job_id: str, services: Services, caller: Caller
) -> dict[str, list[AttemptView]]:
    """Every attempt of the job, oldest first. Raises NotFound."""
    record = await details_of(services.db, await visible_job(services, caller, job_id))
    return {"attempts": [AttemptView.of(attempt) for attempt in record.attempts]}


@get("/jobs/{job_id:str}/events", tags=["Jobs"])
async def get_events(
    job_id: str, services: Services, caller: Caller
) -> dict[str, list[JobEventView]]:
    """The job's audit trail, oldest first. Raises NotFound."""
    record = await details_of(services.db, await visible_job(services, caller, job_id))
    return {"events": [JobEventView.of(event) for event in record.events]}


@get("/jobs", tags=["Jobs"])
async def list_jobs(
    services: Services,
    caller: Caller,
    job_type: TypeQuery = None,
    status: StatusQuery = None,
    user: str | None = None,
    text: str | None = None,
    since: str | None = None,
    until: str | None = None,
    ended_since: EndedSince = None,
    ended_until: EndedUntil = None,
    archived: bool = False,
    cursor: str | None = None,
    limit: Limit = 50,
) -> JobList:
    """Jobs by type, status, user, text, and time of creation or of their end, newest first.

    `archived` lists those that cleanup moved to the archive instead. Raises NotFound for another
    user, Unprocessable for an unknown status, instant or cursor.
    """
    if user is not None:
        caller.require_user(user)
    size = clamped(limit, job_query_store.LONGEST_PAGE)
    types, statuses = _comma_list(job_type), _statuses(status)
    if archived:
        found = await cleanup_store.list_archived(
            services.db,
            user_id=caller.only_user if user is None else user,
            types=None if types is None else dump(types),
            statuses=None if statuses is None else dump(statuses),
            text=text,
            since=as_stored(since, "since"),
            until=as_stored(until, "until"),
            before=cursor,
            limit=size,
        )
        more = found[-1]["queue_job_id"] if len(found) == size else None
        views = await job_views(
            services.db, [facts_of(row) for row in found], masked=not caller.may_act
        )
        return JobList(views, more)
    rows = await job_query_store.list_jobs(
        services.db,
        user_id=caller.only_user if user is None else user,
        types=types,
        statuses=statuses,
        text=text,
        since=as_stored(since, "since"),
        until=as_stored(until, "until"),
        ended=_ended(services, types, ended_since, ended_until),
        before=decode_cursor(cursor),
        limit=size,
    )
    return await _page(services, caller, rows, size)


@get("/users/{user_id:str}/jobs", tags=["Jobs"])
async def list_user_jobs(
    user_id: str,
    services: Services,
    caller: Caller,
    job_type: TypeQuery = None,
    status: StatusQuery = None,
    cursor: str | None = None,
    limit: Limit = 10,
) -> JobList:
    """One user's jobs, newest first. Raises NotFound, Unprocessable."""
    caller.require_user(user_id)
    size = clamped(limit, job_query_store.LONGEST_PAGE)
    rows = await job_query_store.list_jobs(
        services.db,
        user_id=user_id,
        types=_comma_list(job_type),
        statuses=_statuses(status),
        before=decode_cursor(cursor),
        limit=size,
    )
    return await _page(services, caller, rows, size)


@post("/jobs/{job_id:str}/cancel", status_code=200, tags=["Jobs"])
async def cancel_job(job_id: str, services: Services, caller: Caller) -> JobView:
    """Cancel a live job; a running one is stopped. Raises NotFound, IllegalTransition."""
    await visible_job(services, caller, job_id)
    await services.db.write(
        lambda tx: services.queue.cancel(
            tx, job_id, reason="cancelled by request", actor=caller.actor
        )
    )
    return await _shown(services, caller, job_id)


@post("/jobs/{job_id:str}/retry", status_code=200, tags=["Jobs"])
async def retry_job(job_id: str, services: Services, caller: Caller) -> JobView:
    """Run a failed or cancelled job again, now, with its attempts counted from zero.

    Raises NotFound, IllegalTransition, RateLimited (the day's jobs are used up).
    """
    job = await visible_job(services, caller, job_id)

    def retry(tx: Tx) -> None:
        services.queue.retry(tx, job_id, actor=caller.actor)
        if job["user_id"] and workspace.find_user(tx, job["user_id"]) is not None:
            daily_limits.take(tx, services, caller, job["user_id"], "jobs_per_day")

    await services.db.write(retry)
    return await _shown(services, caller, job_id)


@post("/jobs/{job_id:str}/promote", status_code=200, tags=["Jobs"], opt=NEEDS_SERVICE)
async def promote_job(job_id: str, services: Services, caller: Caller) -> JobView:
    """Make a waiting job due now, with priority 1.

    Raises Forbidden, NotFound, IllegalTransition.
    """
    await visible_job(services, caller, job_id)
    await services.db.write(lambda tx: services.queue.promote(tx, job_id, actor=caller.actor))
    return await _shown(services, caller, job_id)


@get("/jobs/{job_id:str}/why", tags=["Jobs"])
async def why_job(job_id: str, services: Services, caller: Caller) -> Why:
    """Why the job is in its state, and what happens next. Raises NotFound."""
    row = await visible_job(services, caller, job_id)
    lanes, workers, now = (
        services.queue.lanes,
        services.settings.queue.workers,
        services.clock.now(),
    )
    return await services.db.write(lambda tx: explain(tx, row, lanes, workers, now))


@post("/jobs/bulk", status_code=200, tags=["Jobs"], opt=NEEDS_SERVICE | LONG_TEXTS)
async def bulk_jobs(data: BulkRequest, services: Services, caller: Caller) -> BulkReport:
    """Cancel, retry or promote many jobs; `dryRun` only counts them.

    Raises Forbidden, Unprocessable unless ids or a filter is given.
    """
    return await run_bulk(services.db, services.queue, data, actor=caller.actor)


async def visible_job(services: Services, caller: Caller, job_id: str) -> Facts:
    """The job, if the caller may know of it. Raises NotFound."""
    row = await job_named(services.db, job_id)
    if row is None or (caller.only_user is not None and row["user_id"] != caller.only_user):
        raise NotFound(f"there is no job {job_id}")
    return row


async def _shown(services: Services, caller: Caller, job_id: str) -> JobView:
    job = await visible_job(services, caller, job_id)
    return await job_view(services.db, job, masked=not caller.may_act)


def _ended(
    services: Services, types: list[str] | None, since: str | None, until: str | None
) -> job_query_store.EndedWithin | None:
    if since is None and until is None:
        return None
    return job_query_store.EndedWithin(
        services.queue.type_names if types is None else types,
        as_stored(since, "endedSince") or "",
        as_stored(until, "endedUntil") or to_text(services.clock.now() + timedelta(days=1)),
    )


def _comma_list(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _statuses(text: str | None) -> list[str] | None:
    found = _comma_list(text)
    if found is None:
        return None
    found = [_OTHER_STATUS_NAMES.get(status, status) for status in found]
    allowed = [status.value for status in Status]
    for status in found:
        if status not in allowed:
            raise Unprocessable.field("status", f"{status!r} must be one of {', '.join(allowed)}")
    return found


async def _page(services: Services, caller: Caller, rows: list[Row], limit: int) -> JobList:
    cursor = encode_cursor(rows[-1]["id"]) if len(rows) == limit else None
    return JobList(await job_views(services.db, rows, masked=not caller.may_act), cursor)


ROUTES: list[Any] = [
    get_job,
    get_attempts,
    get_events,
    list_jobs,
    list_user_jobs,
    cancel_job,
    retry_job,
    promote_job,
    why_job,
    bulk_jobs,
]
