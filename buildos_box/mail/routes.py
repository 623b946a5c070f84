"""Mails over HTTP: lists, one mail, and the other routes of this package."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import Parameter

from buildos_box.auth.caller import Caller
from buildos_box.db import Row
from buildos_box.errors import NotFound
from buildos_box.mail import (
    settings_routes,
    store,
    tracking_routes,
    unsubscribe_routes,
)
from buildos_box.mail.job import sender_of
from buildos_box.mail.render import text_part
from buildos_box.services import Services


class MailView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail and its outcome; instants are UTC."""

    id: str
    kind: str
    brief_id: str | None
    subject: str
    address: str
    status: str
    reason: str | None
    transport: str | None
    provider_id: str | None
    message_id: str
    send_at: str
    sent_at: str | None
    opened_at: str | None
    open_count: int
    clicked_at: str | None
    click_count: int
    created_at: str

    @classmethod
    def of(cls, row: Row) -> "MailView":
        """The view of one row."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


class MailLogLine(msgspec.Struct, frozen=True):
    """One line of a mail's delivery log."""

    at: str
    status: str
    detail: str | None


class MailDetail(msgspec.Struct, frozen=True):
    """A mail with its text part and its delivery log."""

    mail: MailView
    text: str
    log: list[MailLogLine]


class MailList(msgspec.Struct, frozen=True, rename="camel"):
    """A page of mails, newest first."""

    items: list[MailView]
    next_cursor: str | None = None


@get("/users/{user_id:str}/emails", tags=["Mail"])
async def list_mails(
    user_id: str,
    services: Services,
    caller: Caller,
    cursor: str | None = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> MailList:
    """A user's mails with their opens and clicks, newest first. Raises NotFound
    for another user.
    """
    caller.require_user(user_id)
    at, _, email_id = (cursor or "").partition("|")
    rows = await store.mails_of(services.db, user_id, (at, email_id) if email_id else None, limit)
    more = f"{rows[-1]['created_at']}|{rows[-1]['id']}" if len(rows) == limit else None
    return MailList([MailView.of(row) for row in rows], more)


@get("/users/{user_id:str}/emails/{email_id:str}", tags=["Mail"])
async def get_mail(user_id: str, email_id: str, services: Services, caller: Caller) -> MailDetail:
    """One mail with its text part and its delivery log. Raises NotFound."""
    caller.require_user(user_id)
    row = await store.mail_of(services.db, user_id, email_id)
    email = await store.get(services.db, email_id)
    if row is None or email is None:
        raise NotFound(f"there is no mail {email_id}")
    lines = await store.log_of(services.db, email_id)
    return MailDetail(
        MailView.of(row),
        text_part(email, sender_of(services)),
        [MailLogLine(line["at"], line["status"], line["detail"]) for line in lines],
    )


ROUTES: list[Any] = [
    *tracking_routes.ROUTES,
    list_mails,
    get_mail,
    *unsubscribe_routes.ROUTES,
    *settings_routes.ROUTES,
]
