"""The analysis of a day, by a language model or by the built-in analyst."""

import msgspec
from msgspec.structs import replace

from buildos_box.briefs import prompts
from buildos_box.briefs.analyst import BUILTIN, Analysis, analyse
from buildos_box.briefs.facts import DayFacts
from buildos_box.llm.chain import Ask
from buildos_box.llm.fence import fence
from buildos_box.services import Services

MAX_OUTPUT_TOKENS = 1500


class AnalysisResult(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis, who wrote it (`builtin` or provider and model), and what it cost."""

    analysis: Analysis
    source: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    why_built_in: str | None = None
    """`budget` or `unavailable` if a language model was configured and gave no answer."""


async def analyse_day(
    box: Services, facts: DayFacts, *, user_id: str, job_id: str, correlation_id: str
) -> AnalysisResult:
    """The analysis of the day; if every language model fails, that of the built-in analyst.

    Never raises for a provider's fault.
    """
    if facts.is_empty:
        return _by_rules(facts)
    answer = await box.llm.ask(
        Ask(
            purpose=prompts.PURPOSE,
            system=prompts.system_text(),
            user=prompts.user_text(facts, lambda text: fence(text, box.ids)),
            schema=Analysis,
            user_id=user_id,
            job_id=job_id,
            correlation_id=correlation_id,
            max_output_tokens=MAX_OUTPUT_TOKENS,
        ),
        fallback=lambda: analyse(facts),
    )
    if answer.is_builtin:
        return replace(
            _by_rules(facts),
            why_built_in=answer.why_built_in,
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            cost_usd=answer.cost_usd,
        )
    return AnalysisResult(
        analysis=prompts.accept(answer.value, facts).analysis,
        source=answer.source,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        cost_usd=answer.cost_usd,
    )


def _by_rules(facts: DayFacts) -> AnalysisResult:
    return AnalysisResult(
        analysis=analyse(facts), source=BUILTIN, tokens_in=0, tokens_out=0, cost_usd=0.0
    )


def as_text(analysis: Analysis) -> str:
    """The analysis as plain text: the summary, then each insight on its own line."""
    return "\n".join([analysis.summary, *(f"- {insight}" for insight in analysis.insights)])
