"""The analysis of a day, by a language model or by the built-in analyst."""

from buildos_box.briefs import prompts
from buildos_box.briefs.analyst import Analysis, analyse
from buildos_box.briefs.facts import DayFacts
from buildos_box.llm.chain import Ask
from buildos_box.llm.fence import fence
from buildos_box.llm.origin import Origin
from buildos_box.services import Services

MAX_OUTPUT_TOKENS = 1500


class AnalysisResult(Origin, frozen=True, kw_only=True):
    """An analysis, who wrote it, and what it cost."""

    analysis: Analysis


async def analyse_day(
    services: Services, facts: DayFacts, *, user_id: str, job_id: str, correlation_id: str
) -> AnalysisResult:
    """The analysis of the day; if every language model fails, that of the built-in analyst.

    Never raises for a provider's fault.
    """
    if facts.is_empty:
        return AnalysisResult(analysis=analyse(facts))
    answer = await services.llm.ask(
        Ask(
            purpose=prompts.PURPOSE,
            system=prompts.system_text(),
            user=prompts.user_text(facts, lambda text: fence(text, services.ids)),
            schema=Analysis,
            user_id=user_id,
            job_id=job_id,
            correlation_id=correlation_id,
            max_output_tokens=MAX_OUTPUT_TOKENS,
        ),
        fallback=lambda: analyse(facts),
    )
    accepted = analyse(facts)
    if not answer.is_builtin:
        accepted = prompts.accept(answer.value, facts).analysis
    return AnalysisResult(analysis=accepted, **answer.origin())


def as_text(analysis: Analysis) -> str:
    """The analysis as plain text: the summary, then each insight on its own line."""
    return "\n".join([analysis.summary, *(f"- {insight}" for insight in analysis.insights)])
