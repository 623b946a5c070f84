"""What webhooks announce inside their transactions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubscriptionsChanged:
    """A subscription was added, deleted, enabled or disabled."""
