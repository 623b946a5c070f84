"""The job that makes onboarding analyses (docs/spec.md#onboarding-result)."""

import msgspec

from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.llm.answer_source import Origin
from buildos_box.llm.chain import Ask
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.locales.written_in import language_fault
from buildos_box.notifications.outgoing import notify
from buildos_box.onboarding import prompts, store
from buildos_box.onboarding.analyst import analyse
from buildos_box.onboarding.model import OnboardingAnalysis, ProposedAnalysis, UserContext
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language

EVENT = "onboarding.completed"
_READING = N_("Reading what you wrote")
_READY = N_("Your analysis is ready")


class OnboardingPayload(Payload, frozen=True, kw_only=True):
    """The user, and what they wrote."""

    user_id: str
    user_context: UserContext


class Draft(Origin, frozen=True, kw_only=True):
    """An analysis, who wrote it, and the cost."""

    analysis: OnboardingAnalysis


class OnboardingResult(msgspec.Struct, frozen=True, rename="camel"):
    """The job's result."""

    analysis_id: str
    source: str


def onboarding_key(user_id: str) -> str:
    """The dedup key of a user's job."""
    return f"onboarding-{user_id}"


async def analyse_onboarding(
    job: Attempt[OnboardingPayload], services: Services
) -> OnboardingResult:
    """Write the analysis; a draft that an earlier attempt saved is not paid for again.

    Raises PermanentError (`unknown_user`), LeaseLost, StorageError.
    """
    if await workspace.get_user(services.db, job.payload.user_id) is None:
        raise PermanentError(f"there is no user {job.payload.user_id}", code="unknown_user")
    language = await get_language(services, job.payload.user_id)
    await job.progress(10, language.say(_READING))
    kept = job.saved_step("analysis")
    if kept is None:
        draft = await _draft_analysis(job, services, language)
        await job.save_step("analysis", draft)
    else:
        draft = msgspec.convert(kept, Draft)
    return await services.db.write(lambda tx: _conclude(tx, job, services, draft, language))


async def _draft_analysis(
    job: Attempt[OnboardingPayload], services: Services, language: Language
) -> Draft:
    context = job.payload.user_context
    own = analyse(context, language)
    answer = await services.llm.ask(
        Ask(
            purpose=prompts.PURPOSE,
            system=prompts.system_text(),
            user=prompts.user_text(context, language, services.ids),
            schema=ProposedAnalysis,
            user_id=job.payload.user_id,
            job_id=job.job_id,
            correlation_id=job.correlation_id,
            language_check=lambda answer: language_fault(
                prompts.texts_of(answer), language, context.texts
            ),
        ),
        fallback=_nothing,
    )
    return Draft(
        analysis=own if answer.is_builtin else prompts.accept(answer.value, own, context.texts),
        **answer.origin(),
    )


def _nothing() -> ProposedAnalysis:
    return ProposedAnalysis(
        insights=[], workflow_optimizations=[], recommended_features=[], best_practices=[]
    )


def _conclude(
    tx: Tx,
    job: Attempt[OnboardingPayload],
    services: Services,
    draft: Draft,
    language: Language,
) -> OnboardingResult:
    """Store the analysis, the mark on the user, the event and the notification in
    one transaction.
    """
    now, user_id = services.clock.now(), job.payload.user_id
    job.ensure_lease(tx, finishing=True)
    result = OnboardingResult(services.ids.new("onboarding", now), draft.source)
    finished = store.Finished(
        user_id=user_id,
        id=result.analysis_id,
        job_id=job.job_id,
        result=msgspec.json.encode(draft.analysis).decode(),
        **draft.origin(),
    )
    store.complete(tx, finished, now)
    realtime.publish(
        tx,
        user_id=user_id,
        type=EVENT,
        data=result,
        correlation_id=job.correlation_id,
        now=now,
    )
    notify(
        tx,
        services,
        user_id=user_id,
        event_type=EVENT,
        payload={},
        correlation_id=job.correlation_id,
    )
    job.finish(tx, result, message=language.say(_READY))
    return result


ONBOARDING_ANALYSIS = JobType(
    name="onboarding_analysis",
    payload=OnboardingPayload,
    run=analyse_onboarding,
    lane="llm",
    priority=1,
    dedup_key=lambda payload: onboarding_key(payload.user_id),
)
