"""What the chain tells the rooms above of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LlmAlert:
    """An operator should hear of this: a provider is down, or the day's budget is spent."""

    kind: str
    message: str
