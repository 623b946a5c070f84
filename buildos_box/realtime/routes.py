"""Event streams over HTTP (docs/spec.md#realtime-streams)."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.openapi.datastructures import ResponseSpec

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import to_text
from buildos_box.realtime.event_stream import EventStream, last_id
from buildos_box.realtime.hub import Hub
from buildos_box.realtime.tickets import Tickets, ticket_holder
from buildos_box.services import Services

AnyRequest = Request[Any, Any, Any]
STREAM = {
    200: ResponseSpec(
        str,
        generate_examples=False,
        media_type="text/event-stream",
        description=(
            "Server-sent events. `data` is JSON: `{type, userId, at, correlationId, data}`. Stored "
            "events have an `id` and can be caught up on for 24 hours; `job.updated` and "
            "`job.progress` have none and carry the job's present state. `reset` means that "
            "events after the given id are no longer all stored: read the present state."
        ),
    )
}


class TicketIssued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ticket, which opens one stream, once, until it expires."""

    ticket: str
    expires_at: str


def _stream(
    request: AnyRequest, services: Services, hub: Hub, caller: Caller, user_id: str | None
) -> EventStream:
    after = last_id(request.headers.get("last-event-id"), request.query_params.get("lastEventId"))
    return EventStream(
        hub, services.db, services.clock, user_id=user_id, token_id=caller.token_id, after=after
    )


@get(
    "/users/{user_id:str}/events",
    tags=["Realtime"],
    opt={"also_by": ticket_holder},
    responses=STREAM,
)
async def user_events(
    user_id: str, request: AnyRequest, services: Services, hub: Hub, caller: Caller
) -> EventStream:
    """One user's events as they happen; resumes after `Last-Event-ID` or `?lastEventId=`.

    A page that cannot send its token sends a ticket as `?ticket=`. Raises NotFound for another
    user, Malformed for an invalid id, RateLimited for too many streams, Unavailable.
    """
    caller.require_user(user_id)
    return _stream(request, services, hub, caller, user_id)


@get("/events", tags=["Realtime"], responses=STREAM, opt=NEEDS_SERVICE)
async def all_events(
    request: AnyRequest, services: Services, hub: Hub, caller: Caller
) -> EventStream:
    """Every event as it happens, for operators; resumes after `Last-Event-ID`.

    Raises Forbidden, Malformed, Unavailable.
    """
    return _stream(request, services, hub, caller, None)


@post("/users/{user_id:str}/events/ticket", tags=["Realtime"])
async def issue_ticket(user_id: str, tickets: Tickets, caller: Caller) -> TicketIssued:
    """Issue a ticket for one stream of that user, valid once and for a minute.

    Raises NotFound for another user.
    """
    caller.require_user(user_id)
    ticket, expires_at = await tickets.issue(caller, user_id)
    return TicketIssued(ticket=ticket, expires_at=to_text(expires_at))


ROUTES: list[Any] = [user_events, all_events, issue_ticket]
