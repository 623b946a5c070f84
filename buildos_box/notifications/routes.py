"""Notifications over HTTP: queueing, the inbox, preferences (docs/spec.md#notifications)."""

import re
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import get, post, put
from litestar.params import Parameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.auth.scope_guard import LONG_TEXTS, NEEDS_SERVICE
from buildos_box.clock import to_text
from buildos_box.db import Tx
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.notifications import preferences_store, store
from buildos_box.notifications.due_store import LONGEST_LEAD_MINUTES
from buildos_box.notifications.event_types import channel, event_type
from buildos_box.notifications.outgoing import notify
from buildos_box.notifications.preferences import NotificationPreferences
from buildos_box.notifications.views import NotificationView
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.paging import decode_cursor, encode_cursor

Limit = Annotated[int, Parameter(ge=1, le=200)]
SNOOZE = timedelta(hours=1)
_WALL = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class NotificationRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/notification`; without a channel, those of the event type."""

    user_id: str
    event_type: str
    payload: dict[str, Any] = msgspec.field(default_factory=dict)
    channel: str | None = None
    metadata: dict[str, Any] | None = None


class NotificationQueued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The response: the job of the first channel, and the jobs of all.

    There is no job if no channel delivers it: push without a browser, where the user wants none.
    """

    success: bool
    job_id: str | None
    notification_id: str
    jobs: dict[str, str]
    correlation_id: str


class Inbox(msgspec.Struct, frozen=True, rename="camel"):
    """A page of the inbox, newest first."""

    items: list[NotificationView]
    unread: int
    next_cursor: str | None = None


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The notifications to mark as read; all without `ids`."""

    ids: list[str] | None = None


class MarkedRead(msgspec.Struct, frozen=True):
    """How many were unread before."""

    success: bool
    marked: int


class Snoozed(msgspec.Struct, frozen=True, rename="camel"):
    """When the notification comes again."""

    success: bool
    notify_at: str


@post(
    "/queue/notification",
    status_code=200,
    tags=["Notifications"],
    opt=NEEDS_SERVICE | LONG_TEXTS,
)
async def post_notification(
    data: NotificationRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
    idempotent: IdempotentRequest,
) -> NotificationQueued:
    """Notify a user of an event, over one channel or those of the event type.

    Raises Forbidden (not a service or admin), NotFound (unknown user), Unprocessable (event type or
    channel; a payload that does not fit; a used Idempotency-Key), Malformed, Unavailable.
    """
    over = None if data.channel is None else (channel(data.channel),)

    def queue(tx: Tx) -> NotificationQueued:
        if workspace.find_user(tx, data.user_id) is None:
            raise NotFound(f"there is no user {data.user_id}", code="user_not_found")
        done = notify(
            tx,
            services,
            user_id=data.user_id,
            event_type=data.event_type,
            payload=data.payload,
            correlation_id=correlation_id,
            channels=over,
            requested=msgspec.to_builtins(data),
            actor=caller.actor,
        )
        assert done is not None
        return NotificationQueued(
            success=True,
            job_id=next(iter(done.jobs.values()), None),
            notification_id=done.notification_id,
            jobs={str(name): job for name, job in done.jobs.items()},
            correlation_id=correlation_id,
        )

    return await idempotent.once(services, data.user_id, queue, NotificationQueued)


@get("/users/{user_id:str}/notifications", tags=["Notifications"])
async def list_notifications(
    user_id: str,
    services: Services,
    caller: Caller,
    cursor: str | None = None,
    unread: bool = False,
    limit: Limit = 50,
) -> Inbox:
    """A user's inbox, newest first.

    Raises NotFound for another user, Unprocessable for a cursor that is none.
    """
    caller.require_user(user_id)
    before = decode_cursor(cursor)
    rows = await store.inbox(services.db, user_id, before=before, unread=unread, limit=limit + 1)
    shown = [NotificationView.of(row) for row in rows[:limit]]
    more = encode_cursor(rows[limit - 1]["seq"]) if len(rows) > limit else None
    return Inbox(shown, await store.unread_count(services.db, user_id), more)


@post(
    "/users/{user_id:str}/notifications/read",
    status_code=200,
    tags=["Notifications"],
    opt=LONG_TEXTS,
)
async def mark_read(
    user_id: str, data: ReadRequest, services: Services, caller: Caller
) -> MarkedRead:
    """Mark notifications as read; doing so again changes nothing. Raises NotFound
    for another user.
    """
    caller.require_user(user_id)
    now = services.clock.now()
    return MarkedRead(
        True, await services.db.write(lambda tx: store.mark_read(tx, user_id, data.ids, now))
    )


@post(
    "/users/{user_id:str}/notifications/{notification_id:str}/snooze",
    status_code=200,
    tags=["Notifications"],
)
async def snooze(user_id: str, notification_id: str, services: Services, caller: Caller) -> Snoozed:
    """Push the same again in an hour; the inbox has it already.

    Asked for twice, it is one notification. Raises NotFound, also for another user's;
    Unprocessable.
    """
    caller.require_user(user_id)
    at = services.clock.now() + SNOOZE

    def again(tx: Tx) -> None:
        row = store.find_notification(tx, notification_id)
        if row is None or row["user_id"] != user_id:
            raise NotFound(f"there is no notification {notification_id}")
        notify(
            tx,
            services,
            user_id=user_id,
            event_type=row["event_type"],
            payload=msgspec.json.decode(row["payload"]),
            correlation_id=row["correlation_id"],
            channels=("push",),
            send_at=at,
            once_key=f"snoozed-{notification_id}",
            actor=caller.actor,
        )

    await services.db.write(again)
    return Snoozed(True, to_text(at))


@get("/users/{user_id:str}/notification-preferences", tags=["Notifications"])
async def get_preferences(
    user_id: str, services: Services, caller: Caller
) -> NotificationPreferences:
    """A user's notification preferences. Raises NotFound for another user."""
    caller.require_user(user_id)
    return await preferences_store.get_preferences(services.db, user_id)


@put("/users/{user_id:str}/notification-preferences", tags=["Notifications"])
async def put_preferences(
    user_id: str, data: dict[str, Any], services: Services, caller: Caller
) -> NotificationPreferences:
    """Change the given preferences; null clears hours and caps.

    Raises NotFound (another or unknown user), Unprocessable (naming the field).
    """
    caller.require_user(user_id)

    def change(tx: Tx) -> NotificationPreferences:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"there is no user {user_id}")
        stored = msgspec.to_builtins(preferences_store.find_preferences(tx, user_id))
        wanted = _read({**stored, **{key: data[key] for key in data if key in stored}})
        preferences_store.set_preferences(tx, user_id, wanted, services.clock.now())
        return wanted

    return await services.db.write(change)


def _read(given: dict[str, Any]) -> NotificationPreferences:
    """The preferences, if they are valid. Raises Unprocessable."""
    try:
        wanted = msgspec.convert(given, NotificationPreferences)
    except msgspec.ValidationError as fault:
        raise Unprocessable.field("preferences", str(fault)) from None
    for name, wall in (("dndStart", wanted.dnd_start), ("dndEnd", wanted.dnd_end)):
        if wall is not None and _WALL.fullmatch(wall) is None:
            raise Unprocessable.field(name, "must be a time of day, HH:MM")
    if (wanted.dnd_start is None) != (wanted.dnd_end is None):
        raise Unprocessable.field("dndStart", "give dndStart and dndEnd, or neither")
    for name, cap in (("hourlyCap", wanted.hourly_cap), ("dailyCap", wanted.daily_cap)):
        if cap is not None and not 0 <= cap <= 10_000:
            raise Unprocessable.field(name, "must be from 0 to 10000")
    if not 0 <= wanted.due_soon_minutes <= LONGEST_LEAD_MINUTES:
        raise Unprocessable.field("dueSoonMinutes", f"must be from 0 to {LONGEST_LEAD_MINUTES}")
    types = {
        event_type(name, "eventTypes").name: {
            channel(over, "eventTypes"): on for over, on in chosen.items()
        }
        for name, chosen in wanted.event_types.items()
    }
    order = [str(channel(name, "fallback")) for name in wanted.fallback]
    if len(set(order)) != len(order) or "in_app" in order:
        raise Unprocessable.field("fallback", "must name push, email, sms and chat at most once")
    return msgspec.structs.replace(wanted, event_types=types, fallback=order)


ROUTES: list[Any] = [
    post_notification,
    list_notifications,
    mark_read,
    snooze,
    get_preferences,
    put_preferences,
]
