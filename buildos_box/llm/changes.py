"""The changes that the chain announces."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LlmAlert:
    """An alert for operators: a provider is down, or the day's budget is (nearly) spent.

    Raised once in 24 hours, or with `once_a_day` once per UTC day of the budget.
    """

    kind: str
    message: str
    once_a_day: bool = False
