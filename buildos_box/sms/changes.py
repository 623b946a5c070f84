"""The changes that SMS announces, in the transaction that makes them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SmsChanged:
    """A message was added, or has another status than before."""

    sms_id: str


@dataclass(frozen=True, slots=True)
class ReminderDue:
    """A reminder is due that goes to its user's chat; `text` is what it says."""

    sms_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SmsUndelivered:
    """A message has failed, expired, or nobody knows what became of it; `reason` says which."""

    sms_id: str
    reason: str
