"""The change that chat announces, in the transaction that makes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatAddressChanged:
    """A user's chat address was confirmed, replaced or removed."""

    user_id: str
