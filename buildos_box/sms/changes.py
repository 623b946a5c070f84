"""What this room tells of itself, in the transaction of the change."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SmsChanged:
    """A message was added, or stands otherwise than before."""

    sms_id: str


@dataclass(frozen=True, slots=True)
class SmsUndelivered:
    """A message has failed, expired, or nobody knows what became of it; `reason` says which."""

    sms_id: str
    reason: str
