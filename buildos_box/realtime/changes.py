"""What the book of events tells of, inside the transaction in which it happens."""

from typing import NamedTuple


class EventStored(NamedTuple):
    """An event was written down; it may be told once the transaction is committed."""

    id: int
    user_id: str | None
    type: str
    data: str
    correlation_id: str | None
    at: str
