"""What a new user writes about themselves, and the analysis."""

from typing import Annotated

import msgspec
from msgspec import Meta

from buildos_box.errors import FieldFault, Unprocessable
from buildos_box.onboarding.product_features import NAMES, FeatureName

MOST_ITEMS = 30
MOST_ITEM_CHARS = 500
MOST_NAME_CHARS = 200
MOST_TEXT_CHARS = 10_000


class UserContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user wrote; the `input_…` fields are those of earlier clients."""

    name: str = ""
    description: str = ""
    goals: list[str] = msgspec.field(default_factory=list)
    challenges: list[str] = msgspec.field(default_factory=list)
    input_projects: str | None = None
    input_work_style: str | None = None
    input_challenges: str | None = None
    input_help_focus: str | None = None

    @property
    def texts(self) -> list[str]:
        """All texts about the user's work, as they were written."""
        free = (
            self.description,
            self.input_projects,
            self.input_work_style,
            self.input_challenges,
            self.input_help_focus,
        )
        return [*self.goals, *self.challenges, *(text for text in free if text)]


class Optimization(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the user's way of working."""

    title: str
    description: str


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """One feature, and why it suits this user."""

    feature: FeatureName
    reason: str


class OnboardingAnalysis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The analysis (docs/spec.md#onboarding-result)."""

    insights: list[str]
    workflow_optimizations: list[Optimization]
    recommended_features: list[Recommendation]
    best_practices: list[str]


class ProposedFeature(msgspec.Struct, frozen=True, kw_only=True):
    """A feature as a model names it; it may be one that does not exist."""

    feature: Annotated[str, Meta(extra_json_schema={"enum": list(NAMES)})]
    reason: str


class ProposedAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """A model's answer, before its features were checked."""

    insights: list[str]
    workflow_optimizations: list[Optimization]
    recommended_features: list[ProposedFeature]
    best_practices: list[str]


def read_context(value: object) -> UserContext:
    """Parse `userContext`. Raises Unprocessable, which names the invalid fields."""
    try:
        context = msgspec.convert(value, UserContext)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Unprocessable.field(f"userContext{path.rstrip('`')}", message) from None
    faults = _too_large(context)
    if faults:
        sentence = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise Unprocessable(sentence, details=tuple(faults))
    return context


def _too_large(context: UserContext) -> list[FieldFault]:
    faults: list[FieldFault] = []
    for field in context.__struct_fields__:
        value = getattr(context, field)
        if isinstance(value, str):
            most = MOST_NAME_CHARS if field == "name" else MOST_TEXT_CHARS
            if len(value) > most:
                faults.append(_fault(field, f"has more than {most} characters"))
        elif isinstance(value, list):
            if len(value) > MOST_ITEMS:
                faults.append(_fault(field, f"has more than {MOST_ITEMS} items"))
            faults += [
                _fault(f"{field}[{index}]", f"has more than {MOST_ITEM_CHARS} characters")
                for index, item in enumerate(value[:MOST_ITEMS])
                if len(item) > MOST_ITEM_CHARS
            ]
    return faults


def _fault(field: str, message: str) -> FieldFault:
    return FieldFault(f"userContext.{field}", message)
