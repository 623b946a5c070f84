"""Marking a task as done from a mail, by a signed link to a page with one button.

Opening the page changes nothing; its button does. Somebody who is signed in on this browser as the
same person needs no second tap: the page's script presses the button.

The rules: docs/spec.md#signed-links.
"""

from datetime import UTC, datetime
from html import escape
from typing import Any

from litestar import Request, Response, post, route
from litestar.enums import MediaType

from buildos_box.auth.guard import PUBLIC, READ
from buildos_box.db import Row, Tx
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.mail import signed_links, used_links_store
from buildos_box.mail.link_page import page
from buildos_box.mail.signed_links import LinkRefused, SignedLink
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.batch import read_one
from buildos_box.workspace.item_types import TASKS
from buildos_box.workspace.languages import box_language, get_language
from buildos_box.workspace.sync import apply

SCRIPT = "../../app/tap.js"
OPEN_BUILDOS = N_("Open BuildOS")
EXPIRED = (
    N_("This link is too old"),
    N_("Links in a mail work for a week. Please use a newer mail."),
)
NOT_VALID = N_("This link is not valid"), N_("Please use the link in a newer mail.")
USED = (
    N_("This link was used already"),
    N_("It works once. Open BuildOS to change the task."),
)
DONE, DONE_ALREADY, ASK = N_("Done"), N_("It is done already"), N_("Mark it as done?")


def open_page(language: Language) -> str:
    """A way to the page from the pages of signed links, as HTML."""
    return f'<p><a href="../../app/">{escape(language.say(OPEN_BUILDOS))}</a></p>'


def on_link_refused(request: Request[Any, Any, Any], refused: LinkRefused) -> Response[str]:
    """The page for a link that is not good; it does not say whether the task exists."""
    services: Services = request.app.state.services
    language = box_language(services)
    title, text = EXPIRED if refused.why == "expired" else NOT_VALID
    return page(language, 404, language.say(title), language.say(text))


def _used(language: Language) -> Response[str]:
    title, text = USED
    return page(language, 409, language.say(title), language.say(text), open_page(language))


@route(
    "/tap/done/{token:str}",
    http_method=READ,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    exception_handlers={LinkRefused: on_link_refused},
    tags=["Mail"],
)
async def done_page(token: str, services: Services) -> Response[str]:
    """A page with one button; opening it changes nothing. Raises LinkRefused."""
    link, task = await _task_of(services, token)
    language, title = await get_language(services, link.user_id), str(task["title"])
    if task["status"] == "done":
        return page(language, 200, language.say(DONE_ALREADY), title, open_page(language))
    if await used_links_store.is_used(services.db, token):
        return _used(language)
    button = f"<button>{escape(language.say(DONE))}</button>"
    form = f'<form method="post" data-user="{escape(link.user_id)}">{button}</form>'
    return page(language, 200, language.say(ASK), title, form, script=SCRIPT)


@post(
    "/tap/done/{token:str}",
    status_code=200,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    exception_handlers={LinkRefused: on_link_refused},
    tags=["Mail"],
)
async def mark_done(token: str, services: Services) -> Response[str]:
    """Mark the link's task as done, once. Raises LinkRefused (404; 409 for a used link)."""
    link, task = await _task_of(services, token)
    language = await get_language(services, link.user_id)
    if not await services.db.write(lambda tx: _mark(tx, services, token, link)):
        return _used(language)
    return page(language, 200, language.say(DONE), str(task["title"]), open_page(language))


def _mark(tx: Tx, services: Services, token: str, link: SignedLink) -> bool:
    """Use the link up; False if it was used before."""
    now = services.clock.now()
    expires = datetime.fromtimestamp(link.expires, UTC)
    if not used_links_store.use(tx, token, link.user_id, expires, now):
        return False
    batch = read_one(TASKS, {"id": link.about, "status": "done"}, privileged=False)
    apply(tx, batch, now, only_user=link.user_id)
    return True


async def _task_of(services: Services, token: str) -> tuple[SignedLink, Row]:
    """The link and its task, which is still that person's. Raises LinkRefused."""
    link = signed_links.read_token(services.secret, token, signed_links.DONE, services.clock.now())
    task = await workspace.row_of(services.db, TASKS.name, link.about)
    if task is None or task["owner"] != link.user_id:
        raise LinkRefused("forged")
    return link, task


ROUTES: list[Any] = [done_page, mark_done]
