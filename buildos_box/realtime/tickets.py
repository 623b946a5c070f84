"""Tickets for pages, whose `EventSource` cannot send a token.

A ticket opens one stream of one user, once, within a minute. A ticket may end up in a proxy's log,
the token never does. Only its keyed hash is stored.
"""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection

from buildos_box.auth.caller import Caller
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.tokens import USER_PREFIX
from buildos_box.clock import Clock, Instant
from buildos_box.db import Database, Tx
from buildos_box.errors import RateLimited, Unauthorized
from buildos_box.ids import Ids
from buildos_box.realtime import ticket_store

GOOD_FOR = timedelta(seconds=60)
TICKET_BITS = 160
MAX_WAITING = 100
"""Tickets of one token that are not used yet."""


class Tickets:
    """Issues and redeems tickets."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, keyring: Keyring) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keyring = keyring

    async def issue(self, caller: Caller, user_id: str) -> tuple[str, Instant]:
        """A new ticket for that user's stream, and when it expires. Raises RateLimited."""
        ticket, now = self._ids.secret(TICKET_BITS), self._clock.now()
        expires_at, hashed = now + GOOD_FOR, self._keyring.hash(ticket)

        def run(tx: Tx) -> None:
            if ticket_store.count(tx, caller.token_id, now) >= MAX_WAITING:
                raise RateLimited(
                    f"{MAX_WAITING} tickets of this token wait to be used", retry_after=GOOD_FOR
                )
            ticket_store.add(
                tx,
                hashed,
                user_id=user_id,
                token_id=caller.token_id,
                expires_at=expires_at,
                now=now,
            )

        await self._db.write(run)
        return ticket, expires_at

    async def redeem(self, ticket: str, user_id: str) -> Caller:
        """Use the ticket up; its holder may read what that user may, while its token is valid.

        A wrong one is found by a read, so that guesses do not occupy the writer. Raises
        Unauthorized, with the same message for every reason.
        """
        now, hashed = self._clock.now(), self._keyring.hash(ticket)
        token_id = None
        if await ticket_store.is_waiting(self._db, hashed):
            token_id = await self._db.write(
                lambda tx: ticket_store.take(tx, hashed, user_id=user_id, now=now)
            )
        if token_id is None or not await self._keyring.still_valid(token_id):
            raise Unauthorized("this ticket is not valid; ask for a new one")
        return Caller(f"{USER_PREFIX}{user_id}", token_id, "ticket")


def ticket_holder(connection: ASGIConnection[Any, Any, Any, Any]) -> Awaitable[Caller] | None:
    """The caller that a ticket stands for; None without a ticket."""
    ticket = connection.query_params.get("ticket")
    if ticket is None:
        return None
    tickets: Tickets = connection.app.state.tickets
    return tickets.redeem(ticket, str(connection.path_params["user_id"]))
