"""What access tells the rooms beside and above, inside the transaction in which it happens."""

from typing import NamedTuple


class TokensRevoked(NamedTuple):
    """Some tokens are no longer valid; who holds a connection by one looks again."""
