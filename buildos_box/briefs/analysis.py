"""The words about a day that a language model chooses; without one, the built-in rules' own."""

from buildos_box.briefs import prompts
from buildos_box.briefs.actions import priority_actions
from buildos_box.briefs.analysis_schema import NOTHING_WORDED, Analysis
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.timeline import load
from buildos_box.llm.answer_source import Origin
from buildos_box.llm.chain import Ask
from buildos_box.llm.untrusted_text import fence
from buildos_box.locales.written_in import language_fault
from buildos_box.services import Services

MAX_OUTPUT_TOKENS = 1500


class AnalysisResult(Origin, frozen=True, kw_only=True):
    """An analysis, who wrote it, and what it cost."""

    analysis: Analysis


async def analyse_day(
    services: Services, facts: DayFacts, *, user_id: str, job_id: str, correlation_id: str
) -> AnalysisResult:
    """What a model words about the day; nothing if every model fails.

    Never raises for a provider's fault.
    """
    if facts.is_empty:
        return AnalysisResult(analysis=NOTHING_WORDED)
    answer = await services.llm.ask(
        Ask(
            purpose=prompts.PURPOSE,
            system=prompts.system_text(),
            user=_prompt(services, facts),
            schema=Analysis,
            user_id=user_id,
            job_id=job_id,
            correlation_id=correlation_id,
            max_output_tokens=MAX_OUTPUT_TOKENS,
            language_check=lambda answer: language_fault(
                [answer.summary, *(one.reason for one in answer.priorities)],
                facts.language,
                prompts.own_texts(facts),
            ),
        ),
        fallback=lambda: NOTHING_WORDED,
    )
    accepted = NOTHING_WORDED
    if not answer.is_builtin:
        accepted = prompts.accept(answer.value, facts).analysis
    return AnalysisResult(analysis=accepted, **answer.origin())


def _prompt(services: Services, facts: DayFacts) -> str:
    """The day as a model reads it; nothing where there is no model to read it."""
    if not services.llm.providers:
        return ""
    return prompts.user_text(facts, lambda text: fence(text, services.ids))


def whole(analysis: Analysis, facts: DayFacts) -> Analysis:
    """The analysis as readers get it: what no model worded in the built-in rules' words."""
    if facts.is_empty:
        return analysis
    worded = {(action.ref_kind, action.ref_id): action for action in analysis.priorities}
    return Analysis(
        summary=analysis.summary or load(facts),
        priorities=[worded.get((a.ref_kind, a.ref_id), a) for a in priority_actions(facts)],
    )


def as_text(analysis: Analysis) -> str:
    """The analysis as plain text: the load of the day, then each reason on its own line."""
    return "\n".join([analysis.summary, *(f"- {action.reason}" for action in analysis.priorities)])
