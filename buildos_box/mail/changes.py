"""What mail tells those above, in the transaction in which it happens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmailBounced:
    """A server has said that nobody is at the user's address: no more mail goes there."""

    user_id: str
    email_id: str
    address: str
    reason: str
    correlation_id: str
