"""Tickets for pages, whose `EventSource` cannot send a token.

A ticket opens one stream of one user, once, within a minute. A ticket may end up in a proxy's log,
the token never does. Only its keyed hash is stored.
"""

from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection

from buildos_box.auth import store as access
from buildos_box.auth.caller import Caller
from buildos_box.auth.tokens import USER_PREFIX, hash_token
from buildos_box.clock import Clock, Instant
from buildos_box.db import Database
from buildos_box.errors import Unauthorized
from buildos_box.ids import Ids
from buildos_box.realtime import ticket_store

GOOD_FOR = timedelta(seconds=60)
TICKET_BITS = 160


class Tickets:
    """Issues and redeems tickets."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, key: bytes) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._key = key

    async def issue(self, caller: Caller, user_id: str) -> tuple[str, Instant]:
        """A new ticket for that user's stream, and when it expires."""
        ticket, now = self._ids.secret(TICKET_BITS), self._clock.now()
        expires_at, hashed = now + GOOD_FOR, hash_token(self._key, ticket)
        await self._db.write(
            lambda tx: ticket_store.add(
                tx,
                hashed,
                user_id=user_id,
                token_id=caller.token_id,
                expires_at=expires_at,
                now=now,
            )
        )
        return ticket, expires_at

    async def redeem(self, ticket: str, user_id: str) -> Caller:
        """Use the ticket up; its holder may read what that user may, while its token is valid.

        Raises Unauthorized, with the same message for every reason.
        """
        now, hashed = self._clock.now(), hash_token(self._key, ticket)
        token_id = await self._db.write(
            lambda tx: ticket_store.take(tx, hashed, user_id=user_id, now=now)
        )
        if token_id is None or await access.no_longer_valid(self._db, {token_id}, now):
            raise Unauthorized("this ticket is not valid; ask for a new one")
        return Caller(f"{USER_PREFIX}{user_id}", token_id, "ticket")


async def ticket_holder(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
    """The caller that a ticket stands for; None without a ticket. Raises Unauthorized."""
    ticket = connection.query_params.get("ticket")
    if ticket is None:
        return None
    tickets: Tickets = connection.app.state.tickets
    return await tickets.redeem(ticket, str(connection.path_params["user_id"]))
