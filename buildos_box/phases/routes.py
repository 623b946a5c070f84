"""Phases over HTTP (docs/spec.md#phases-request)."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import get, post

from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.clock import zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.jobs.job_type import JobQueued, RegenerateOptions
from buildos_box.phases import store
from buildos_box.phases.job import GENERATE_PHASES, PhasesPayload
from buildos_box.phases.project_facts import MOST_TASKS
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.due_day import due_day
from buildos_box.workspace.model import Task


class PhasesRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/phases`."""

    user_id: str
    project_id: str
    options: RegenerateOptions = msgspec.field(default_factory=RegenerateOptions)


class PhaseTaskView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A task in the list of its phase; `due_date` is the day in the owner's zone."""

    id: str
    title: str
    status: str
    due_date: str | None


class PhaseView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One phase; `order` counts from 1."""

    id: str
    order: int
    name: str
    description: str
    start_date: str | None
    end_date: str | None
    task_ids: list[str]
    tasks: list[PhaseTaskView]


class PlanView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the phases were made: by `builtin` or by a provider and model.

    `repairs` counts faults of a model's answer that were repaired; `cycles` are the titles of the
    tasks of each dependency cycle.
    """

    job_id: str
    source: str
    why_built_in: str | None
    prompt_version: str
    repairs: dict[str, int]
    cycles: list[list[str]]
    tokens_in: int
    tokens_out: int
    cost_usd: float
    generated_at: str


class ProjectPhases(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A project's phases in order; `plan` is None until there were any.

    `unplacedTaskIds` are tasks that were added since.
    """

    project_id: str
    plan: PlanView | None
    phases: list[PhaseView]
    unplaced_task_ids: list[str]


@post("/queue/phases", status_code=200, tags=["Phases"])
async def post_phases(
    data: PhasesRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
    idempotent: IdempotentRequest,
) -> JobQueued:
    """Queue phases for a project.

    Raises NotFound (unknown project or another user's), Conflict with `existingJobId` while a job
    for it is live, Unprocessable (no task or too many; an Idempotency-Key of another request),
    Malformed, Unavailable.
    """
    if caller.only_user not in (None, data.user_id):
        raise _no_project()
    payload = PhasesPayload(user_id=data.user_id, project_id=data.project_id)

    def queue(tx: Tx) -> JobQueued:
        project = workspace.find_project(tx, payload.project_id)
        if project is None or project.user_id != payload.user_id:
            raise _no_project()
        queued = services.queue.enqueue_alone(
            tx,
            GENERATE_PHASES,
            payload,
            user_id=payload.user_id,
            replace=data.options.force_regenerate,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
        _require_tasks(tx, project.id)
        return queued

    return await idempotent.once(services, data.user_id, queue, JobQueued)


def _require_tasks(tx: Tx, project_id: str) -> None:
    tasks = len(workspace.find_tasks(tx, project_id, limit=MOST_TASKS + 1))
    if tasks == 0:
        raise Unprocessable.field("projectId", "the project has no task")
    if tasks > MOST_TASKS:
        raise Unprocessable.field("projectId", f"the project has more than {MOST_TASKS} tasks")


@get("/projects/{project_id:str}/phases", tags=["Phases"])
async def get_phases(project_id: str, services: Services, caller: Caller) -> ProjectPhases:
    """A project's phases with their tasks, in order. Raises NotFound."""
    row = await workspace.row_of(services.db, "projects", project_id)
    if row is None or caller.only_user not in (None, row["owner"]):
        raise _no_project()
    return await phases_of_project(services, project_id, row["owner"])


async def phases_of_project(services: Services, project_id: str, owner: str) -> ProjectPhases:
    """The phases of that user's project with their tasks, as they are shown."""
    rows = await store.phases_of(services.db, project_id)
    listed = await workspace.tasks_of_project(services.db, project_id)
    tasks = {task.id: task for task in listed}
    placed = {row["task_id"] for row in rows}
    return ProjectPhases(
        project_id=project_id,
        plan=_plan(rows[0]) if rows else None,
        phases=_phases(rows, tasks, await _zone_of(services, owner)),
        unplaced_task_ids=[task_id for task_id in tasks if task_id not in placed],
    )


def _plan(row: Row) -> PlanView:
    parsed = {name: msgspec.json.decode(row[name]) for name in ("repairs", "cycles")}
    plain = {n: row[n] for n in PlanView.__struct_fields__ if n not in parsed}
    return PlanView(**plain, **parsed)


async def _zone_of(services: Services, user_id: str) -> ZoneInfo:
    user = await workspace.get_user(services.db, user_id)
    return zone_or_utc(user.timezone if user else "UTC")


def _phases(rows: list[Row], tasks: dict[str, Task], zone: ZoneInfo) -> list[PhaseView]:
    phases: dict[str, PhaseView] = {}
    for row in rows:
        phase = phases.setdefault(
            row["phase_id"],
            PhaseView(
                id=row["phase_id"],
                order=row["position"],
                name=row["name"],
                description=row["description"],
                start_date=row["start_date"],
                end_date=row["end_date"],
                task_ids=[],
                tasks=[],
            ),
        )
        task = tasks.get(row["task_id"])
        if task is not None:
            phase.task_ids.append(task.id)
            due = due_day(task, zone)
            phase.tasks.append(
                PhaseTaskView(
                    id=task.id,
                    title=task.title,
                    status=task.status,
                    due_date=due.isoformat() if due else None,
                )
            )
    return list(phases.values())


def _no_project() -> NotFound:
    """The same error for an unknown project and for another user's."""
    return NotFound("there is no such project", code="project_not_found")


ROUTES: list[Any] = [post_phases, get_phases]
