"""The changes that auth announces, in the transaction that makes them."""

from typing import NamedTuple


class SessionRenewed(NamedTuple):
    """A session of the users' page lasts longer than it did."""


class TokensRevoked(NamedTuple):
    """Some tokens are no longer valid; open connections must check theirs."""
