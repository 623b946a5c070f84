"""What the chain tells the rooms above of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LlmAlert:
    """An operator should hear of this: a provider is down, the day's budget is (nearly) spent.

    Told once in 24 hours, or `once_a_day` by the budget's days, which begin at midnight UTC.
    """

    kind: str
    message: str
    once_a_day: bool = False
