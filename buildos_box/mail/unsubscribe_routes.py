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
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.mail import store, subscriptions
from buildos_box.mail.job import BRIEFS
from buildos_box.mail.link_page import page
from buildos_box.mail.notification_job import NOTIFICATIONS
from buildos_box.services import Services
from buildos_box.workspace.languages import box_language, get_language

Scope = Annotated[str | None, QueryParameter(name="scope", description="`all`, or the mail's own")]
CHOOSE = N_("Choose what you get, and how")
UNSUBSCRIBED = N_("You have unsubscribed.")
NO_MAIL = N_("You get no mail from here")
GET_NONE = {
    BRIEFS: N_("You get no daily briefs by mail"),
    NOTIFICATIONS: N_("You get no notifications by mail"),
}
ASK = {
    BRIEFS: N_("No more daily briefs by mail?"),
    NOTIFICATIONS: N_("No more notifications by mail?"),
}
CAN_UNDO = N_("You can switch them on again later with the same link.")
DONE = N_("Done")
WILL_GET_NONE = {
    BRIEFS: N_("You will get no more daily briefs by mail."),
    NOTIFICATIONS: N_("You will get no more notifications by mail."),
    store.ALL: N_("You will get no more mail."),
}
WILL_GET = {
    BRIEFS: N_("You will get your daily briefs by mail again."),
    NOTIFICATIONS: N_("You will get your notifications by mail again."),
    store.ALL: N_("You will get mail again."),
}
NOT_VALID = N_("This link is not valid"), N_("Please use the link in a newer mail.")
STOP_ALL, STOP = N_("No mail at all"), N_("Unsubscribe")
UNDO_ALL, UNDO = N_("Send me mail again"), N_("Send them again")


def _settings(language: Language, root: str = "../") -> str:
    """A way to the settings; `root` leads from the page to the server's own root."""
    return f'<p><a href="{root}app/#settings">{escape(language.say(CHOOSE))}</a></p>'


PAGE: Any = {"opt": PUBLIC, "media_type": MediaType.HTML, "tags": ["Mail"]}


@get("/unsubscribe/{token:str}", **PAGE)
async def unsubscribe_page(token: str, services: Services) -> Response[str]:
    """A page with buttons; opening it changes nothing. 404 for an unknown token."""
    reader = await store.reader_of_token(services.db, token)
    if reader is None:
        return _invalid(services)
    user_id, own = reader
    refused = await store.unsubscribed_scopes(services.db, user_id)
    language = await get_language(services, user_id)
    title, text, buttons = ASK[own], CAN_UNDO, [_stop(language, token, own)]
    if store.ALL in refused:
        title, text, buttons = NO_MAIL, UNSUBSCRIBED, [_undo(language, token, store.ALL)]
    elif own in refused:
        title, text, buttons = GET_NONE[own], UNSUBSCRIBED, [_undo(language, token, own)]
    if store.ALL not in refused:
        buttons.append(_stop(language, token, store.ALL))
    form = "".join(buttons) + _settings(language)
    return page(language, 200, language.say(title), language.say(text), form)


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
        return _invalid(services)
    user_id, own = reader
    scope, now = _chosen(chosen, own), services.clock.now()
    await services.db.write(lambda tx: subscriptions.unsubscribe(tx, user_id, scope, now))
    language = await get_language(services, user_id)
    form = _undo(language, token, scope) + _settings(language)
    return page(language, 200, language.say(DONE), language.say(WILL_GET_NONE[scope]), form)


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
        return _invalid(services)
    user_id, own = reader
    scope, now = _chosen(chosen, own), services.clock.now()
    await services.db.write(lambda tx: subscriptions.resubscribe(tx, user_id, scope, now))
    language = await get_language(services, user_id)
    form = _settings(language, "../../")
    return page(language, 200, language.say(DONE), language.say(WILL_GET[scope]), form)


def _chosen(chosen: str | None, own: str) -> str:
    return store.ALL if chosen == store.ALL else own


def _invalid(services: Services) -> Response[str]:
    language = box_language(services)
    title, text = NOT_VALID
    return page(language, 404, language.say(title), language.say(text))


def _stop(language: Language, token: str, scope: str) -> str:
    if scope == store.ALL:
        return _button(language.say(STOP_ALL), f"{token}?scope=all")
    return _button(language.say(STOP), token)


def _undo(language: Language, token: str, scope: str) -> str:
    label = language.say(UNDO_ALL if scope == store.ALL else UNDO)
    return _button(label, f"{token}/undo" + ("?scope=all" if scope == store.ALL else ""))


def _button(label: str, action: str) -> str:
    """`action` is relative to the page, so that the server may be under a path of its host."""
    return f'<form method="post" action="{escape(action)}"><button>{escape(label)}</button></form>'


ROUTES: list[Any] = [unsubscribe_page, unsubscribe, resubscribe]
