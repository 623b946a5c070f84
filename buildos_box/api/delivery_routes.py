"""The list of deliveries over HTTP (docs/spec.md#delivery-states)."""

from typing import Annotated, Any

from litestar import get
from litestar.params import Parameter, QueryParameter

from buildos_box.auth.caller import Caller
from buildos_box.clock import as_stored
from buildos_box.errors import Unprocessable
from buildos_box.notifications import delivery_store, store
from buildos_box.notifications.event_types import channel, event_type
from buildos_box.notifications.views import DeliveryView
from buildos_box.services import Services
from buildos_box.webhooks import store as webhook_store
from buildos_box.webhooks.event_types import checked_types
from buildos_box.workspace.paging import decode_cursor, page
from buildos_box.workspace.views import Page

WEBHOOK = "webhook"

Limit = Annotated[int, Parameter(ge=1, le=200)]
ChannelQuery = Annotated[
    str | None, QueryParameter(name="channel", description="Comma list of channels")
]
TypeQuery = Annotated[
    str | None, QueryParameter(name="type", description="Comma list of event types")
]
StatusQuery = Annotated[
    str | None, QueryParameter(name="status", description="Comma list of states")
]


@get("/deliveries", tags=["Notifications"])
async def list_deliveries(
    services: Services,
    caller: Caller,
    user: str | None = None,
    over: ChannelQuery = None,
    kind: TypeQuery = None,
    status: StatusQuery = None,
    text: str | None = None,
    since: str | None = None,
    until: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[DeliveryView]:
    """Deliveries by user, channel, event type, status, text and time, newest first.

    `channel=webhook` is the log of outgoing webhooks, for operators. A user's token sees that
    user's own. A filter that is given but empty finds nothing. Raises
    NotFound for another user, Forbidden (webhooks), Unprocessable for an unknown filter value.
    """
    if user is not None:
        caller.require_user(user)
    if over is not None and WEBHOOK in (name.strip() for name in over.split(",")):
        caller.require_service()
        return await _webhooks(
            services, over, user, kind, status, text, since, until, cursor, limit
        )
    rows = await delivery_store.deliveries(
        services.db,
        delivery_store.Wanted(
            user_id=caller.only_user if user is None else user,
            channels=_each(over, channel, "channel"),
            event_types=_each(kind, lambda name, field: event_type(name, field).name, "type"),
            statuses=_each(status, _status, "status"),
            text=text,
            since=as_stored(since, "since"),
            until=as_stored(until, "until"),
        ),
        before=decode_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, DeliveryView.of)


async def _webhooks(
    services: Services,
    over: str,
    user: str | None,
    kind: str | None,
    status: str | None,
    text: str | None,
    since: str | None,
    until: str | None,
    cursor: str | None,
    limit: int,
) -> Page[DeliveryView]:
    """The log of webhooks, whose rows are not those of notifications."""
    if over.strip() != WEBHOOK:
        raise Unprocessable.field("channel", "webhook is listed alone, without other channels")
    rows = await webhook_store.deliveries(
        services.db,
        user_id=user,
        event_types=_each(kind, _webhook_type, "type"),
        statuses=_each(status, _webhook_status, "status"),
        text=text,
        since=as_stored(since, "since"),
        until=as_stored(until, "until"),
        before=decode_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, DeliveryView.of_webhook)


def _webhook_type(name: str, _field: str) -> str:
    return checked_types([name])[0]


def _webhook_status(name: str, field: str) -> str:
    if name not in webhook_store.STATUSES:
        allowed = ", ".join(webhook_store.STATUSES)
        raise Unprocessable.field(field, f"{name!r} must be one of {allowed} for webhooks")
    return name


def _each(given: str | None, read: Any, field: str) -> list[str] | None:
    """The parsed parts of a comma list; None without one. Raises Unprocessable."""
    if given is None:
        return None
    return [read(part.strip(), field) for part in given.split(",") if part.strip()]


def _status(name: str, field: str) -> str:
    if name not in store.STATUSES:
        raise Unprocessable.field(field, f"{name!r} must be one of {', '.join(store.STATUSES)}")
    return name


ROUTES: list[Any] = [list_deliveries]
