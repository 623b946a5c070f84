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


@dataclass(frozen=True, slots=True)
class EmailChanged:
    """A mail stands otherwise than before."""

    email_id: str
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class EmailUndelivered:
    """A mail has failed, expired or been given up in doubt: it is not tried again by itself."""

    email_id: str
    user_id: str
    brief_id: str | None
    reason: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class EmailRead:
    """A person, and no scanner, has opened a mail or clicked in it; `kind` says which."""

    email_id: str
    kind: str
