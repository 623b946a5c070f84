"""What operators watch: the last hour, all messages, users and their next briefs."""

import shutil
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import Parameter

from buildos_box.api import operator_store
from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import as_stored, from_text, zone_or_utc
from buildos_box.db import Row
from buildos_box.errors import Unprocessable
from buildos_box.jobs.throughput import Throughput, throughput
from buildos_box.log import mask_phone
from buildos_box.services import Services
from buildos_box.workspace.paging import decode_cursor, page
from buildos_box.workspace.views import Page

Limit = Annotated[int, Parameter(ge=1, le=200)]


class Me(msgspec.Struct, frozen=True):
    """The scope of this token, and whether it may change anything."""

    scope: str
    name: str
    may_act: bool = msgspec.field(name="mayAct")
    is_admin: bool = msgspec.field(name="isAdmin")


class OverviewView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The last hour, free disk space, and the state of the language models."""

    throughput: Throughput
    disk_free_bytes: int
    providers: list[dict[str, str]]


class MessageView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One mail, SMS, push, chat or in-app message. Phone numbers are masked."""

    at: str
    id: str
    channel: str
    kind: str
    user_id: str
    status: str
    reason: str | None
    text: str
    recipient: str | None
    opens: int
    clicks: int
    sent_at: str | None
    correlation_id: str

    @classmethod
    def of(cls, row: Row) -> "MessageView":
        """The view of one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__struct_fields__}
        if values["recipient"] and values["channel"] == "sms":
            values["recipient"] = mask_phone(values["recipient"])
        return cls(**values)


class MessageList(msgspec.Struct, frozen=True, rename="camel"):
    """A page of messages, newest first."""

    items: list[MessageView]
    next_cursor: str | None = None


class PersonView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user with briefs and channels; `last_decision` is the planner's, if there was one."""

    id: str
    name: str
    email: str | None
    timezone: str
    channels: list[str]
    next_brief: str | None
    last_brief: str | None
    last_brief_status: str | None
    last_decision: str | None
    last_visit_at: str | None

    @classmethod
    def of(cls, row: Row) -> "PersonView":
        """The view of one row."""
        ways = {
            "email": row["is_active"] and row["by_mail"] and row["email"],
            "sms": row["by_sms"] or row["sms_reminders"],
            "push": row["push"],
            "chat": row["chat"],
        }
        return cls(
            channels=[name for name, wanted in ways.items() if wanted],
            next_brief=row["notify_at"] if row["is_active"] else None,
            **{
                name: row[name]
                for name in cls.__struct_fields__
                if name not in ("channels", "next_brief")
            },
        )


class NextBrief(msgspec.Struct, frozen=True, rename="camel"):
    """When a user's next brief comes; `local_time` in the user's zone."""

    user_id: str
    name: str
    timezone: str
    at: str
    local_time: str


@get("/me", tags=["Tokens"])
async def me(caller: Caller) -> Me:
    """What this token may do."""
    return Me(caller.scope, caller.name, caller.may_act, caller.is_admin)


@get("/queue/overview", tags=["Queue"], opt=NEEDS_SERVICE)
async def overview(services: Services) -> OverviewView:
    """Jobs that ended in the last hour by type, free disk space, and the language models' state.

    Raises Forbidden.
    """
    return OverviewView(
        throughput=await throughput(services.db, services.queue.type_names, services.clock.now()),
        disk_free_bytes=shutil.disk_usage(Path(services.settings.data.dir)).free,
        providers=services.llm.states(),
    )


@get("/messages", tags=["Messages"], opt=NEEDS_SERVICE)
async def list_messages(
    services: Services,
    user: str | None = None,
    channel: str | None = None,
    status: str | None = None,
    text: str | None = None,
    since: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> MessageList:
    """Mails, SMS, push and in-app messages; `channel` and `status` may be comma lists.

    Raises Forbidden, Unprocessable (instant, cursor).
    """
    rows = await operator_store.messages(
        services.db,
        user_id=user,
        channels=_comma_list(channel),
        statuses=_comma_list(status),
        text=text,
        since=as_stored(since, "since"),
        before=_before(cursor),
        limit=limit + 1,
    )
    last = rows[limit - 1] if len(rows) > limit else None
    more = f"{last['at']}|{last['id']}" if last else None
    return MessageList([MessageView.of(row) for row in rows[:limit]], more)


@get("/people", tags=["Users"], opt=NEEDS_SERVICE)
async def list_people(
    services: Services,
    text: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[PersonView]:
    """Users with their next and last brief and channels.

    Raises Forbidden, Unprocessable (cursor).
    """
    rows = await operator_store.people(
        services.db, text=text, before=decode_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, PersonView.of)


@get("/schedule/briefs", tags=["Schedule"], opt=NEEDS_SERVICE)
async def next_briefs(services: Services, limit: Limit = 20) -> dict[str, list[Any]]:
    """The next briefs, soonest first, with each user's local time. Raises Forbidden."""
    rows = await operator_store.next_briefs(services.db, services.clock.now(), limit)
    return {"briefs": [_next(row) for row in rows]}


def _next(row: Row) -> NextBrief:
    local = from_text(row["notify_at"]).astimezone(zone_or_utc(row["timezone"]))
    return NextBrief(
        row["user_id"], row["name"], row["timezone"], row["notify_at"], f"{local:%a %H:%M}"
    )


def _comma_list(text: str | None) -> str | None:
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return msgspec.json.encode(parts).decode()


def _before(cursor: str | None) -> tuple[str, str] | None:
    if not cursor:
        return None
    at, bar, key = cursor.partition("|")
    if not bar or not key:
        raise Unprocessable.field("cursor", "is not a cursor of this server")
    return at, key


ROUTES: list[Any] = [me, overview, list_messages, list_people, next_briefs]
