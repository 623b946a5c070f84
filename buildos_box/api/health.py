"""`GET /health` (docs/spec.md#health)."""

import os
import shutil
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, head
from litestar.openapi.datastructures import ResponseSpec

from buildos_box.api.job_counts import JobCounts
from buildos_box.api.views import TypeCount
from buildos_box.auth.guard import PUBLIC, credential, header_of
from buildos_box.auth.rate_limits import Authenticator
from buildos_box.clock import from_text, to_text
from buildos_box.db import heartbeat_store
from buildos_box.db.per_commit import PerCommit
from buildos_box.errors import BoxError
from buildos_box.jobs import job_query_store
from buildos_box.jobs.engine import Engine
from buildos_box.services import Services
from buildos_box.single_flight import SingleFlight
from buildos_box.upkeep.backup_state import BackupState, backup_state

TICK_WITHIN_SECONDS = 60.0
OLDEST_RUNNABLE = timedelta(minutes=15)
HEALTHY = "healthy"
WRITTEN_WITHIN_SECONDS = 1.0
LEAST_FREE_BYTES = 100 * 1024 * 1024


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's state; only a service, a viewer or an admin gets more than four fields.

    `warnings` do not make it unhealthy: it works, but not at its best.
    """

    status: str
    timestamp: str
    service: str
    queue: str
    stats: list[TypeCount] | None = None
    reasons: list[str] | None = None
    warnings: list[str] | None = None
    backup: BackupState | None = None


@get(
    "/health",
    opt=PUBLIC,
    tags=["Health"],
    responses={503: ResponseSpec(Health, generate_examples=False, description="Not well")},
)
async def health(
    request: Request[Any, Any, Any], services: Services, engine: Engine
) -> Response[Health]:
    """Whether the server works: 200 `healthy`, or 503 `draining` or `unhealthy`."""
    return await _answer(request, services, engine)


async def _answer(
    request: Request[Any, Any, Any], services: Services, engine: Engine
) -> Response[Any]:
    body = await _state(request, services, engine)
    return Response(body, status_code=200 if body.status == HEALTHY else 503)


async def _state(request: Request[Any, Any, Any], services: Services, engine: Engine) -> Health:
    check: HealthCheck = request.app.state.health_check
    counts: JobCounts = request.app.state.job_counts
    reasons = await check.reasons()
    draining = engine.storage.stopped
    status = "draining" if draining else "unhealthy" if reasons else HEALTHY
    known = await _is_operator(request)
    backup, backup_warnings = await check.backup() if known else (None, [])
    return Health(
        status=status,
        timestamp=to_text(services.clock.now()),
        service="daily-brief-worker",
        queue="sqlite",
        stats=await counts() if known else [],
        reasons=reasons if known and reasons else None,
        warnings=[*await services.llm.warnings(), *backup_warnings] or None if known else None,
        backup=backup,
    )


@head("/health", opt=PUBLIC, tags=["Health"])
async def health_status(
    request: Request[Any, Any, Any], services: Services, engine: Engine
) -> Response[None]:
    """Whether the server works, by the status (200 or 503) and the headers of the answer to GET."""
    # Of this answer Litestar sends the headers, with the length of the body, and leaves that out.
    return await _answer(request, services, engine)


class HealthCheck:
    """What is not well, and what else health tells of the database."""

    def __init__(self, services: Services, engine: Engine) -> None:
        self._services = services
        self._engine = engine
        db = services.db
        self._folder = os.path.dirname(db.path)
        self._beat = SingleFlight(lambda: db.write(heartbeat_store.beat))
        self._oldest_ready = PerCommit(db, lambda: job_query_store.oldest_ready(db))
        self.backup = PerCommit(db, lambda: backup_state(services))

    async def reasons(self) -> list[str]:
        """What is not well, as sentences."""
        services, engine = self._services, self._engine
        found = []
        try:
            await self._ensure_writable()
        except BoxError as error:
            found.append(error.message)
        if services.db.damage is not None:
            found.append(services.db.damage)
        now = services.clock.monotonic()
        if now - engine.worker_ticked_at > TICK_WITHIN_SECONDS:
            found.append("no worker has asked for work within the last minute")
        if now - engine.scheduler_ticked_at > TICK_WITHIN_SECONDS:
            found.append("the scheduler has not ticked within the last minute")
        oldest = await self._oldest_ready()
        if oldest is not None and services.clock.now() - from_text(oldest) > OLDEST_RUNNABLE:
            found.append(f"a job that could run has waited since {oldest}")
        if shutil.disk_usage(self._folder).free < LEAST_FREE_BYTES:
            found.append("less than 100 MB of disk is free")
        return found

    async def _ensure_writable(self) -> None:
        """Write something, unless that went well a moment ago. Raises Unavailable, StorageError."""
        db, now = self._services.db, self._services.clock.monotonic()
        at = db.written_at
        if db.gone is None and at is not None and now - at < WRITTEN_WITHIN_SECONDS:
            return
        await self._beat()


async def _is_operator(request: Request[Any, Any, Any]) -> bool:
    """Whether a credential came that may also read the queue's statistics."""
    if header_of(request.scope, b"authorization") is None:
        return False
    authenticator: Authenticator = request.app.state.authenticator
    try:
        return (await authenticator.authorise(request, credential(request))).is_service
    except BoxError:
        return False


ROUTES: list[Any] = [health, health_status]
