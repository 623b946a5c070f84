"""The prompt for the onboarding analysis, and what is accepted of a model's answer.

The rules: docs/spec.md#llm-untrusted-text.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import msgspec

from buildos_box.ids import Ids
from buildos_box.llm.plain_text import plain
from buildos_box.llm.untrusted_text import fence
from buildos_box.locales.language import Language
from buildos_box.onboarding.model import (
    OnboardingAnalysis,
    Optimization,
    ProposedAnalysis,
    Recommendation,
    UserContext,
)
from buildos_box.onboarding.product_features import NAMES, WHAT_IT_DOES

PURPOSE = "onboarding_analysis"
VERSION = "v2"
SENTENCE_CHARS, TITLE_CHARS, MOST_ITEMS = 400, 80, 6


@lru_cache(maxsize=1)
def system_text() -> str:
    """The constant part of the prompt, from its file, with the list of features."""
    folder = resources.files("buildos_box.onboarding").joinpath("prompts")
    text = folder.joinpath(f"{PURPOSE}.{VERSION}.md").read_text(encoding="utf-8")
    return text + "\n".join(f"- `{name}`: {what}" for name, what in WHAT_IT_DOES.items())


def user_text(context: UserContext, language: Language, ids: Ids) -> str:
    """The variable part: the language to write in, and what the user wrote, as fenced JSON."""
    data = msgspec.json.encode(context).decode()
    return f"Write the analysis in {language.english_name}.\n\n{fence(data, ids)}"


def texts_of(answer: ProposedAnalysis) -> list[str]:
    """All that a model wrote."""
    return [
        *answer.insights,
        *(text for one in answer.workflow_optimizations for text in (one.title, one.description)),
        *(one.reason for one in answer.recommended_features),
        *answer.best_practices,
    ]


def accept(
    answer: ProposedAnalysis, own: OnboardingAnalysis, texts: Sequence[str]
) -> OnboardingAnalysis:
    """The part of an answer that may be shown: plain, shortened, known features, each once.

    A part that is empty then is taken from the built-in analyst. `texts` are the user's own texts,
    whose names may be repeated.
    """

    def sentence(text: str, most: int = SENTENCE_CHARS) -> str:
        return plain(text, most, own=texts)

    def sentences(said: list[str]) -> list[str]:
        return [line for text in said if (line := sentence(text))][:MOST_ITEMS]

    changes = [
        Optimization(
            title=sentence(item.title, TITLE_CHARS), description=sentence(item.description)
        )
        for item in answer.workflow_optimizations
    ]
    known = {str(name): name for name in NAMES}
    features = {
        known[name]: reason
        for item in answer.recommended_features
        if (name := item.feature.strip()) in known and (reason := sentence(item.reason))
    }
    return OnboardingAnalysis(
        insights=sentences(answer.insights) or own.insights,
        workflow_optimizations=[c for c in changes if c.title and c.description][:MOST_ITEMS]
        or own.workflow_optimizations,
        recommended_features=[
            Recommendation(feature=name, reason=reason) for name, reason in features.items()
        ]
        or own.recommended_features,
        best_practices=sentences(answer.best_practices) or own.best_practices,
    )
