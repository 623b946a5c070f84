"""Unsubscribing without signing in (RFC 8058), by the token of each mail.

A mail's link is about that mail's kind; its page also offers to stop all mail. Only a POST changes
anything, since scanners open links, and some run scripts.

The rules: docs/spec.md#unsubscribe.
"""

from html import escape
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import MediaType
from litestar.params import QueryParameter

from buildos_box.auth.guard import PUBLIC
from buildos_box.mail import store, subscriptions
from buildos_box.mail.job import BRIEFS
from buildos_box.mail.notification_job import NOTIFICATIONS
from buildos_box.mail.page import page
from buildos_box.services import Services

Scope = Annotated[str | None, QueryParameter(name="scope", description="`all`, or the mail's own")]
_WHAT = {BRIEFS: "daily briefs", NOTIFICATIONS: "notifications"}


def _settings(root: str) -> str:
    """A way to the settings; `root` leads from the page to the server's own root."""
    return f'<p><a href="{root}app/#settings">Choose what you get, and how</a></p>'


SETTINGS = _settings("../")
PAGE: Any = {"opt": PUBLIC, "media_type": MediaType.HTML, "tags": ["Mail"]}


@get("/unsubscribe/{token:str}", **PAGE)
async def unsubscribe_page(token: str, services: Services) -> Response[str]:
    """A page with buttons; opening it changes nothing. 404 for an unknown token."""
    reader = await store.reader_of_token(services.db, token)
    if reader is None:
        return _invalid()
    user_id, own = reader
    refused = await store.unsubscribed_scopes(services.db, user_id)
    what = _WHAT[own]
    if store.ALL in refused:
        return page(
            200,
            "You get no mail from here",
            "You have unsubscribed.",
            _undo(token, store.ALL) + SETTINGS,
        )
    if own in refused:
        buttons = _undo(token, own) + _stop(token, store.ALL)
        return page(200, f"You get no {what} by mail", "You have unsubscribed.", buttons + SETTINGS)
    return page(
        200,
        f"No more {what} by mail?",
        "You can switch them on again later with the same link.",
        _stop(token, own) + _stop(token, store.ALL) + SETTINGS,
    )


@post(
    "/unsubscribe/{token:str}",
    status_code=200,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    tags=["Mail"],
)
async def unsubscribe(token: str, services: Services, chosen: Scope = None) -> Response[str]:
    """Unsubscribe at once, without a redirect (RFC 8058).

    From the mail's own kind; with `scope=all`, from all mail. 404 for an unknown token.
    """
    reader = await store.reader_of_token(services.db, token)
    if reader is None:
        return _invalid()
    user_id, own = reader
    scope, now = _chosen(chosen, own), services.clock.now()
    await services.db.write(lambda tx: subscriptions.unsubscribe(tx, user_id, scope, now))
    what = _WHAT.get(scope)
    told = f"You will get no more {what} by mail." if what else "You will get no more mail."
    return page(200, "Done", told, _undo(token, scope) + SETTINGS)


@post(
    "/unsubscribe/{token:str}/undo",
    status_code=200,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    tags=["Mail"],
)
async def resubscribe(token: str, services: Services, chosen: Scope = None) -> Response[str]:
    """Undo the unsubscribing. 404 for an unknown token."""
    reader = await store.reader_of_token(services.db, token)
    if reader is None:
        return _invalid()
    user_id, own = reader
    scope, now = _chosen(chosen, own), services.clock.now()
    await services.db.write(lambda tx: subscriptions.resubscribe(tx, user_id, scope, now))
    what = f"your {_WHAT[scope]} by mail" if scope in _WHAT else "mail"
    return page(200, "Done", f"You will get {what} again.", _settings("../../"))


def _chosen(chosen: str | None, own: str) -> str:
    return store.ALL if chosen == store.ALL else own


def _invalid() -> Response[str]:
    return page(404, "This link is not valid", "Please use the link in a newer mail.")


def _stop(token: str, scope: str) -> str:
    if scope == store.ALL:
        return _button("No mail at all", f"{token}?scope=all")
    return _button("Unsubscribe", token)


def _undo(token: str, scope: str) -> str:
    label = "Send me mail again" if scope == store.ALL else "Send them again"
    return _button(label, f"{token}/undo" + ("?scope=all" if scope == store.ALL else ""))


def _button(label: str, action: str) -> str:
    """`action` is relative to the page, so that the server may be under a path of its host."""
    return f'<form method="post" action="{escape(action)}"><button>{escape(label)}</button></form>'


ROUTES: list[Any] = [unsubscribe_page, unsubscribe, resubscribe]
