"""The changes that auth announces, in the transaction that makes them."""

from typing import NamedTuple


class TokensRevoked(NamedTuple):
    """Some tokens are no longer valid; open connections must check theirs."""
