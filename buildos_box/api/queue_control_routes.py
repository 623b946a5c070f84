"""Pauses, lanes, stale jobs and cleanup over HTTP (docs/spec.md#cleanup)."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import from_text, to_text
from buildos_box.errors import Unprocessable
from buildos_box.jobs import cleanup_store, pause_store
from buildos_box.jobs.cleanup import CleanupReport, Thresholds, clean_up, preview
from buildos_box.jobs.lane_load import LaneLoad, loads
from buildos_box.jobs.pause_store import Kind
from buildos_box.plural import plural
from buildos_box.services import Services

STALE_SHOWN = 100
LONGEST = 24 * 366


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to pause or resume: a lane, a type, or all if neither is named."""

    lane: str | None = None
    type: str | None = None

    def named(self) -> tuple[Kind, str]:
        """The kind and the name. Raises Unprocessable if both are given."""
        if self.lane is not None and self.type is not None:
            raise Unprocessable.field("type", "give lane or type, not both")
        if self.lane is not None:
            return "lane", self.lane
        if self.type is not None:
            return "type", self.type
        return "all", pause_store.ALL


class PauseAnswer(msgspec.Struct, frozen=True):
    """Whether the call changed anything."""

    success: bool
    changed: bool


class PauseView(msgspec.Struct, frozen=True):
    """A pause."""

    kind: str
    name: str
    since: str
    actor: str


class LaneView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A lane with its limits and its load: `waiting` are due, `scheduled` are for later."""

    name: str
    concurrency: int
    per_user: int
    per_minute: int | None
    running: int
    waiting: int
    oldest_due: str | None
    """Since when the longest-waiting job has been due."""
    busiest_user: str | None
    """The user with the most waiting jobs, and how many those are."""
    busiest_user_waiting: int
    scheduled: int
    next_due: str | None
    in_retry: int
    next_retry: str | None
    ended_per_minute: float
    """Jobs that were done or failed, over the last ten minutes."""
    clear_in_seconds: int | None
    """When nothing would wait any more at that rate; None if it is not known."""
    paused: bool


class LanesView(msgspec.Struct, frozen=True):
    """Every lane, and every pause."""

    lanes: list[LaneView]
    pauses: list[PauseView]


class StaleJob(msgspec.Struct, frozen=True):
    """A stale job."""

    id: str
    job_type: str
    status: str
    created_at: str
    age_hours: int


class StaleStats(msgspec.Struct, frozen=True, rename="camel"):
    """What cleanup would find."""

    threshold_hours: float
    stale_count: int
    stale_jobs: list[StaleJob]
    old_failed_count: int
    message: str


class CleanupRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The ages from which jobs are cleaned up."""

    stale_threshold_hours: Annotated[float, msgspec.Meta(gt=0, le=LONGEST)] = 24
    old_failed_jobs_days: Annotated[float, msgspec.Meta(gt=0, le=3660)] = 7
    completed_retention_days: Annotated[float, msgspec.Meta(gt=0, le=3660)] = 30
    completed_jobs_retention_days: Annotated[float, msgspec.Meta(gt=0, le=3660)] | None = None
    """Another name of `completedRetentionDays`."""
    max_deletion_batch_size: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    """The most completed or cancelled jobs that are deleted; all without it."""
    dry_run: bool = False

    def thresholds(self) -> Thresholds:
        """The ages in the form that cleanup takes."""
        return Thresholds(
            stale=timedelta(hours=self.stale_threshold_hours),
            old_failed=timedelta(days=self.old_failed_jobs_days),
            completed=timedelta(
                days=self.completed_jobs_retention_days or self.completed_retention_days
            ),
            most_deleted=self.max_deletion_batch_size,
        )


class CleanupAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was done, or would be done."""

    success: bool
    stale_cancelled: int
    old_failed_cancelled: int
    completed_deleted: int
    dry_run: bool
    errors: list[str]
    message: str

    @classmethod
    def of(cls, report: CleanupReport) -> "CleanupAnswer":
        """The view of a report."""
        return cls(
            success=True,
            errors=[],
            message=report.message,
            **msgspec.structs.asdict(report),
        )


@post("/queue/pause", status_code=200, tags=["Queue"], opt=NEEDS_SERVICE)
async def pause(data: PauseRequest, services: Services, caller: Caller) -> PauseAnswer:
    """Start no more jobs of a lane or type, or none at all; running jobs go on.

    Raises Forbidden, Unprocessable for an unknown name.
    """
    kind, name = data.named()
    changed = await services.db.write(
        lambda tx: services.queue.pause(tx, kind, name, actor=caller.actor)
    )
    return PauseAnswer(True, changed)


@post("/queue/resume", status_code=200, tags=["Queue"], opt=NEEDS_SERVICE)
async def resume(data: PauseRequest, services: Services) -> PauseAnswer:
    """Remove a pause. Raises Forbidden, Unprocessable for an unknown name."""
    kind, name = data.named()
    return PauseAnswer(
        True, await services.db.write(lambda tx: services.queue.resume(tx, kind, name))
    )


@get("/queue/lanes", tags=["Queue"], opt=NEEDS_SERVICE)
async def lanes(services: Services) -> LanesView:
    """Every lane with its limits, load and rate, and every pause. Raises Forbidden."""
    pauses = await pause_store.list_pauses(services.db)
    return LanesView(
        lanes=[
            _lane_view(load)
            for load in await loads(services.db, services.queue.lanes, services.clock.now())
        ],
        pauses=[PauseView(p.kind, p.name, to_text(p.since), p.actor) for p in pauses],
    )


def _lane_view(load: LaneLoad) -> LaneView:
    lane = load.lane
    return LaneView(
        name=lane.name,
        concurrency=lane.concurrency,
        per_user=lane.per_user,
        per_minute=lane.per_minute,
        running=load.running,
        waiting=load.waiting,
        oldest_due=load.oldest_due,
        busiest_user=load.busiest_user,
        busiest_user_waiting=load.busiest_user_waiting,
        scheduled=load.scheduled,
        next_due=load.next_due,
        in_retry=load.in_retry,
        next_retry=load.next_retry,
        ended_per_minute=load.ended_per_minute,
        clear_in_seconds=load.clear_in_seconds,
        paused=load.paused,
    )


@get("/queue/stale-stats", tags=["Queue"], opt=NEEDS_SERVICE)
async def stale_stats(
    services: Services,
    threshold_hours: Annotated[float, QueryParameter(name="thresholdHours", gt=0, le=LONGEST)] = 24,
) -> StaleStats:
    """Stale jobs, and the number of old failed ones. Raises Forbidden."""
    now = services.clock.now()
    before = now - timedelta(hours=threshold_hours)
    count = await cleanup_store.count_stale(services.db, before, now)
    rows = await cleanup_store.stale_jobs(services.db, before, now, STALE_SHOWN)
    failed = await cleanup_store.count_finished(
        services.db, "failed", now - Thresholds().old_failed
    )
    return StaleStats(
        threshold_hours=threshold_hours,
        stale_count=count,
        stale_jobs=[
            StaleJob(
                row["queue_job_id"],
                row["job_type"],
                row["status"],
                row["created_at"],
                int((now - from_text(row["created_at"])).total_seconds() // 3600),
            )
            for row in rows
        ],
        old_failed_count=failed,
        message=f"Found {plural(count, 'stale job')} that can be cleaned up"
        if count
        else "No stale jobs found",
    )


@post("/queue/cleanup", status_code=200, tags=["Queue"], opt=NEEDS_SERVICE)
async def cleanup(data: CleanupRequest, services: Services, caller: Caller) -> CleanupAnswer:
    """Cancel stale jobs, archive old failed ones, delete old finished ones. Raises Forbidden."""
    limits = data.thresholds()
    if data.dry_run:
        return CleanupAnswer.of(await preview(services.db, services.clock, limits))
    report = await clean_up(services.db, services.queue, services.clock, limits, actor=caller.actor)
    return CleanupAnswer.of(report)


ROUTES: list[Any] = [pause, resume, lanes, stale_stats, cleanup]
