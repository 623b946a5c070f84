"""Statistics of the queue and the crons over HTTP."""

from typing import Any

import msgspec
from litestar import Request, get, post

from buildos_box.api.job_counts import JobCounts
from buildos_box.api.views import TypeCount
from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_ADMIN, NEEDS_SERVICE
from buildos_box.clock import to_text
from buildos_box.jobs.cron_store import Run
from buildos_box.jobs.crons import CronRegistry, CronState
from buildos_box.jobs.engine import Engine
from buildos_box.services import Services


class CronRunView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One run of a cron."""

    due: str
    cause: str
    started_at: str
    ended_at: str | None
    status: str
    summary: Any
    error: str | None

    @classmethod
    def of(cls, run: Run) -> "CronRunView":
        """The view of one run."""
        return cls(
            due=to_text(run.due),
            cause=run.cause,
            started_at=to_text(run.started_at),
            ended_at=to_text(run.ended_at) if run.ended_at else None,
            status=run.status,
            summary=run.summary,
            error=run.error,
        )


class CronView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A cron: its schedule (five fields, UTC), what it does, its last and its next run."""

    name: str
    schedule: str
    does: str
    next_run: str
    last_run: CronRunView | None

    @classmethod
    def of(cls, state: CronState) -> "CronView":
        """The view of one cron."""
        return cls(
            name=state.cron.name,
            schedule=state.cron.schedule,
            does=state.cron.does,
            next_run=to_text(state.next_run),
            last_run=CronRunView.of(state.last) if state.last else None,
        )


@get("/queue/stats", tags=["Queue"], opt=NEEDS_SERVICE)
async def queue_stats(request: Request[Any, Any, Any]) -> dict[str, list[TypeCount]]:
    """The number of jobs of each type and status. Raises Forbidden."""
    counts: JobCounts = request.app.state.job_counts
    return {"stats": await counts()}


@get("/schedule", tags=["Schedule"], opt=NEEDS_SERVICE)
async def schedule(cron_registry: CronRegistry) -> dict[str, list[CronView]]:
    """Every cron with its last and next run. Raises Forbidden."""
    return {"crons": [CronView.of(state) for state in await cron_registry.states()]}


@post("/schedule/{name:str}/run", status_code=200, tags=["Schedule"], opt=NEEDS_ADMIN)
async def run_cron(
    name: str, services: Services, caller: Caller, cron_registry: CronRegistry, engine: Engine
) -> CronRunView:
    """Run a cron now and wait for its result.

    Raises Forbidden, NotFound, Conflict if it is running.
    """
    return CronRunView.of(
        await engine.on_jobs_loop(cron_registry.run_by_hand(name, services, caller.actor))
    )


ROUTES: list[Any] = [queue_stats, schedule, run_cron]
