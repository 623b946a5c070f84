"""The job that divides one project into phases (docs/spec.md#phases)."""

from typing import Any

import msgspec

from buildos_box.clock import local_day, zone_or_utc
from buildos_box.db import Tx
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.llm.answer_source import Origin
from buildos_box.llm.chain import Ask
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_, Plural
from buildos_box.locales.written_in import language_fault
from buildos_box.notifications.outgoing import notify
from buildos_box.phases import prompts, store
from buildos_box.phases.check import Repairs, in_words, repair, too_wrong
from buildos_box.phases.days import with_days_ahead
from buildos_box.phases.model import Phase, PlanTask, Span
from buildos_box.phases.planner import plan
from buildos_box.phases.project_facts import (
    MOST_TASKS,
    ProjectFacts,
    collect,
    no_project,
    plan_tasks,
    require_plannable,
)
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language

REALTIME_EVENT = "phases.ready"
NOTIFICATION = "project.phases_ready"
_FOUND = N_("Found {things}")
_TASKS = Plural("{count} task", "{count} tasks")
_WAITS = Plural("{count} dependency", "{count} dependencies")
_DRAFTING = N_("Drafting phases")
_READY = N_("Your phases are ready")


class PhasesPayload(Payload, frozen=True, kw_only=True):
    """The project to plan, and its user."""

    user_id: str
    project_id: str


class Draft(Origin, frozen=True, kw_only=True):
    """The drafted phases, who drafted them, and the cost."""

    phases: tuple[Phase, ...]
    repairs: Repairs


class PhasesResult(msgspec.Struct, frozen=True, rename="camel"):
    """The job's result, which is also the realtime event's data."""

    project_id: str
    phases: int
    tasks: int
    source: str
    repairs: dict[str, int]
    cycles: tuple[tuple[str, ...], ...]


def phases_key(project_id: str) -> str:
    """The dedup key of a project's job."""
    return f"phases-{project_id}"


async def generate_phases(job: Attempt[PhasesPayload], services: Services) -> PhasesResult:
    """Plan the project; a draft that an earlier attempt saved is not paid for again.

    Raises PermanentError (`unknown_project`, `no_tasks`), LeaseLost, StorageError.
    """
    language = await get_language(services, job.payload.user_id)
    found = await collect(services, job.payload.user_id, job.payload.project_id, language)
    await job.progress(15, _found(found))
    kept = job.saved_step("phases")
    if kept is None:
        await job.progress(20, language.say(_DRAFTING))
        draft = await _draft_phases(job, services, found)
        await job.save_step("phases", draft)
    else:
        draft = msgspec.convert(kept, Draft)
    return await services.db.write(lambda tx: _conclude(tx, job, services, draft, language))


def _found(found: ProjectFacts) -> str:
    tasks = found.language.count(_TASKS, len(found.tasks))
    waits = found.language.count(_WAITS, len(found.dependencies))
    return found.language.say(_FOUND, things=found.language.listed([tasks, waits]))


async def _draft_phases(
    job: Attempt[PhasesPayload], services: Services, found: ProjectFacts
) -> Draft:
    zone = zone_or_utc(found.user.timezone)
    tasks = plan_tasks(found.tasks, found.dependencies, zone)
    span = Span(found.project.start_date, found.project.due_date)
    if len(tasks) > prompts.MOST_TASKS_ASKED:
        return _by_rules(
            found, tasks, span, why_built_in="too_many_tasks" if services.llm.providers else None
        )
    short = prompts.Short(found.tasks)
    texts = [found.project.name, found.project.description, *(t.title for t in found.tasks)]

    def fault(answer: prompts.Proposal) -> str | None:
        phases = prompts.accept(answer, short, texts)
        if not phases:
            return "there are no phases"
        repairs = repair(phases, tasks, span).repairs
        return in_words(repairs, short.of) if too_wrong(repairs, len(tasks)) else None

    answer = await services.llm.ask(
        Ask(
            purpose=prompts.PURPOSE,
            system=prompts.system_text(),
            user=prompts.user_text(
                found.project,
                found.tasks,
                found.dependencies,
                await _existing(services, found.project.id, {task.id for task in found.tasks}),
                language=found.language,
                now=services.clock.now(),
                zone=zone,
                short=short,
                ids=services.ids,
            ),
            schema=prompts.Proposal,
            user_id=job.payload.user_id,
            job_id=job.job_id,
            correlation_id=job.correlation_id,
            max_output_tokens=prompts.tokens_for(len(tasks)),
            check=fault,
            language_check=lambda answer: language_fault(
                [text for one in answer.phases for text in (one.name, one.description)],
                found.language,
                texts,
            ),
        ),
        fallback=lambda: prompts.Proposal(phases=[]),
    )
    if answer.is_builtin:
        return _by_rules(found, tasks, span, **answer.origin())
    repaired = repair(prompts.accept(answer.value, short, texts), tasks, span, found.language)
    return Draft(phases=repaired.plan.phases, repairs=repaired.repairs, **answer.origin())


def _by_rules(found: ProjectFacts, tasks: list[PlanTask], span: Span, **origin: Any) -> Draft:
    return Draft(phases=plan(tasks, span, found.language).phases, repairs=Repairs(), **origin)


async def _existing(
    services: Services, project_id: str, tasks: set[str]
) -> list[tuple[str, list[str]]]:
    """The phases that there are, by name, with those of their tasks that the project still has."""
    phases: dict[str, tuple[str, list[str]]] = {}
    for row in await store.phases_of(services.db, project_id):
        phase = phases.setdefault(row["phase_id"], (row["name"], []))
        phase[1].extend([row["task_id"]] if row["task_id"] in tasks else [])
    return list(phases.values())


def _conclude(
    tx: Tx,
    job: Attempt[PhasesPayload],
    services: Services,
    draft: Draft,
    language: Language,
) -> PhasesResult:
    """Store the phases, the mark on the project, the event and the notification in one transaction.

    Tasks may have changed while a model answered, so the plan is repaired again against them.
    """
    now, payload = services.clock.now(), job.payload
    job.ensure_lease(tx, finishing=True)
    project = workspace.find_project(tx, payload.project_id)
    user = workspace.find_user(tx, payload.user_id)
    if user is None or project is None or project.user_id != payload.user_id:
        raise no_project()
    tasks = workspace.find_tasks(tx, project.id, limit=MOST_TASKS + 1)
    require_plannable(len(tasks))
    links = workspace.find_dependencies(tx, project.id)
    zone = zone_or_utc(user.timezone)
    now_there = plan_tasks(tasks, links, zone)
    span = Span(project.start_date, project.due_date)
    repaired = repair(draft.phases, now_there, span, language)
    made = repaired.plan
    phases = with_days_ahead(made.phases, now_there, local_day(now, zone))
    result = PhasesResult(
        project_id=project.id,
        phases=len(made.phases),
        tasks=len(tasks),
        source=draft.source,
        repairs=draft.repairs.counts,
        cycles=made.cycles,
    )
    store.replace(
        tx,
        store.Made(
            project_id=project.id,
            job_id=job.job_id,
            prompt_version=prompts.VERSION,
            repairs=msgspec.json.encode(result.repairs).decode(),
            cycles=msgspec.json.encode(made.cycles).decode(),
            **draft.origin(),
        ),
        [(services.ids.new("phase", now), phase) for phase in phases],
        now,
    )
    workspace.mark_phases_generated(tx, project.id, now)
    realtime.publish(
        tx,
        user_id=payload.user_id,
        type=REALTIME_EVENT,
        data=result,
        correlation_id=job.correlation_id,
        now=now,
    )
    notify(
        tx,
        services,
        user_id=payload.user_id,
        event_type=NOTIFICATION,
        payload={"projectId": project.id, "projectName": project.name},
        correlation_id=job.correlation_id,
    )
    job.finish(tx, result, message=language.say(_READY))
    return result


GENERATE_PHASES = JobType(
    name="generate_phases",
    payload=PhasesPayload,
    run=generate_phases,
    lane="llm",
    priority=5,
    dedup_key=lambda payload: phases_key(payload.project_id),
)
