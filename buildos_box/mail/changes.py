"""The changes that mail announces, in the transaction that makes them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmailBounced:
    """A server has said that the user's address does not exist: nothing more is sent there."""

    user_id: str
    email_id: str
    address: str
    reason: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class EmailChanged:
    """A mail has another status than before."""

    email_id: str
    status: str
    reason: str | None
    is_notification: bool
    """Whether it brings a notification; other mails have no delivery."""


@dataclass(frozen=True, slots=True)
class EmailUndelivered:
    """A mail has failed, expired or is in doubt for good: it is not tried again automatically."""

    email_id: str
    user_id: str
    brief_id: str | None
    reason: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class EmailOpenedOrClicked:
    """A reader, not a scanner, has opened a mail or clicked a link in it; `kind` says which."""

    email_id: str
    kind: str
