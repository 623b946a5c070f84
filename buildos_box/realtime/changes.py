"""The changes that realtime announces, in the transaction that makes them."""

from typing import NamedTuple


class EventStored(NamedTuple):
    """A realtime event was stored; it may be delivered once the transaction is committed."""

    id: int
    user_id: str | None
    type: str
    data: str
    correlation_id: str | None
    at: str
