"""Mail over HTTP: opens, clicks, unsubscribing (public), and the delivery log."""

from html import escape
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import HttpMethod, Request, Response, get, post, route
from litestar.params import Parameter

from buildos_box.access.caller import Caller
from buildos_box.access.guard import PUBLIC
from buildos_box.db import Row, Tx
from buildos_box.errors import BoxError, NotFound
from buildos_box.log import logger
from buildos_box.mail import store, tracking_store
from buildos_box.mail.job import BRIEFS, sender_of
from buildos_box.mail.notification_job import NOTIFICATIONS
from buildos_box.mail.render import text_part
from buildos_box.mail.tracking import IN_A_SECOND, PIXEL, suspect
from buildos_box.services import Services

log = logger(__name__)
NO_STORE = {"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer"}
_WHAT = {BRIEFS: "daily briefs", NOTIFICATIONS: "notifications"}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
READ = [HttpMethod.GET, HttpMethod.HEAD]
_RESERVED = "!#$%&'()*+,/:;=?@[]~"
AnyRequest = Request[Any, Any, Any]


@route("/email/track/open/{tracking_id:str}", http_method=READ, opt=PUBLIC, tags=["Mail"])
async def track_open(tracking_id: str, request: AnyRequest, box: Services) -> Response[bytes]:
    """A 1×1 GIF, always; records the open if the id is known (reference: Track Email Open)."""
    await _quietly(_record(box, request, tracking_id, "opened", None))
    return Response(PIXEL, media_type="image/gif", headers=NO_STORE)


@route("/email/track/click/{tracking_id:str}", http_method=READ, opt=PUBLIC, tags=["Mail"])
async def track_click(
    tracking_id: str, request: AnyRequest, box: Services, url: str = ""
) -> Response[str]:
    """Redirects to a link of that very mail and to nothing else (reference: Track Email Click)."""
    known = await tracking_store.tracked(box.db, tracking_id)
    link = await tracking_store.link_id(box.db, known.email_id, url) if known else None
    if link is None:
        return _page(400, "This link is not from a mail of ours", _where(url))
    await _quietly(_record(box, request, tracking_id, "clicked", link))
    # A header is ASCII; what is escaped already stays as it is.
    location = quote(url, safe=_RESERVED)
    return Response("", status_code=302, headers={**NO_STORE, "Location": location})


async def _record(
    box: Services, request: AnyRequest, tracking_id: str, kind: str, link: int | None
) -> None:
    known = await tracking_store.tracked(box.db, tracking_id)
    if known is None:
        return
    now = box.clock.now()

    def record(tx: Tx) -> None:
        second_ago = now - IN_A_SECOND
        before = tracking_store.clicks_since(tx, known.recipient_id, second_ago) if link else 0
        why = suspect(
            method=request.method,
            headers=request.headers,
            sent_at=known.sent_at,
            now=now,
            links_just_now=before,
        )
        if why == "many_links":
            tracking_store.suspect_clicks_since(tx, known.recipient_id, second_ago, why)
        tracking_store.record_hit(tx, known.recipient_id, kind, link, why, now)

    await box.db.write(record)


async def _quietly(recording: Any) -> None:
    """A reader's picture or redirect never fails for want of a statistic."""
    try:
        await recording
    except BoxError as error:
        log.warning("tracking_not_recorded", error=error.message)


def _where(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return f"It wanted to lead to: {host}" if host else "It does not say where it leads."


def _page(status: int, title: str, text: str, form: str = "") -> Response[str]:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title></head>"
        '<body style="font:17px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</body></html>"
    )
    headers = {
        **NO_STORE,
        "Content-Security-Policy": PAGE_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(html, status_code=status, media_type="text/html", headers=headers)


@get("/unsubscribe/{token:str}", opt=PUBLIC, tags=["Mail"])
async def unsubscribe_page(token: str, box: Services) -> Response[str]:
    """A page with a button: scanners that open links unsubscribe nobody."""
    reader = await store.reader_of_token(box.db, token)
    if reader is None:
        return _invalid()
    user_id, scope = reader
    if await store.has_unsubscribed(box.db, user_id, scope):
        return _page(200, f"You get no {_WHAT[scope]} by mail", "As you wished.", _undo(token))
    return _page(
        200,
        f"No more {_WHAT[scope]} by mail?",
        "You can switch them on again later with the same link.",
        _button("Unsubscribe", token),
    )


@post("/unsubscribe/{token:str}", status_code=200, opt=PUBLIC, tags=["Mail"])
async def unsubscribe(token: str, box: Services) -> Response[str]:
    """Unsubscribes at once, without a redirect or a sign-in (RFC 8058)."""
    reader = await store.reader_of_token(box.db, token)
    if reader is None:
        return _invalid()
    user_id, scope = reader
    now = box.clock.now()
    await box.db.write(lambda tx: store.unsubscribe(tx, user_id, scope, now))
    return _page(200, "Done", f"You will get no more {_WHAT[scope]} by mail.", _undo(token))


@post("/unsubscribe/{token:str}/undo", status_code=200, opt=PUBLIC, tags=["Mail"])
async def resubscribe(token: str, box: Services) -> Response[str]:
    """Takes the unsubscribing back."""
    reader = await store.reader_of_token(box.db, token)
    if reader is None:
        return _invalid()
    user_id, scope = reader
    await box.db.write(lambda tx: store.resubscribe(tx, user_id, scope))
    return _page(200, "Done", f"You will get your {_WHAT[scope]} by mail again.")


def _invalid() -> Response[str]:
    return _page(404, "This link is not valid", "Please use the link in a newer mail.")


def _undo(token: str) -> str:
    return _button("Send them again", f"{token}/undo")


def _button(label: str, action: str) -> str:
    """`action` is relative to the page, so that the box may live under a path of its host."""
    return (
        f'<form method="post" action="{escape(action)}">'
        f'<button style="font:inherit;padding:.5em 1em">{escape(label)}</button></form>'
    )


class MailView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail and what became of it; instants are UTC."""

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
    box: Services,
    caller: Caller,
    cursor: str | None = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> MailList:
    """A user's mails with their opens and clicks, newest first."""
    caller.require_user(user_id)
    at, _, email_id = (cursor or "").partition("|")
    rows = await store.mails_of(box.db, user_id, (at, email_id) if email_id else None, limit)
    more = f"{rows[-1]['created_at']}|{rows[-1]['id']}" if len(rows) == limit else None
    return MailList([MailView.of(row) for row in rows], more)


@get("/users/{user_id:str}/emails/{email_id:str}", tags=["Mail"])
async def get_mail(user_id: str, email_id: str, box: Services, caller: Caller) -> MailDetail:
    """One mail: its text part and its delivery log."""
    caller.require_user(user_id)
    row = await store.mail_of(box.db, user_id, email_id)
    email = await store.get(box.db, email_id)
    if row is None or email is None:
        raise NotFound(f"no mail {email_id}")
    lines = await store.log_of(box.db, email_id)
    return MailDetail(
        MailView.of(row),
        text_part(email, sender_of(box)),
        [MailLogLine(line["at"], line["status"], line["detail"]) for line in lines],
    )


ROUTES: list[Any] = [
    track_open,
    track_click,
    unsubscribe_page,
    unsubscribe,
    resubscribe,
    list_mails,
    get_mail,
]
