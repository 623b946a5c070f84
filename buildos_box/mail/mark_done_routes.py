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
from buildos_box.mail import signed_links, used_links_store
from buildos_box.mail.page import page
from buildos_box.mail.signed_links import LinkRefused, SignedLink
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.batch import read_one
from buildos_box.workspace.kinds import TASKS
from buildos_box.workspace.sync import apply

SCRIPT = "../../app/tap.js"
OPEN_PAGE = '<p><a href="../../app/">Open BuildOS</a></p>'
EXPIRED = "This link is too old", "Links in a mail work for a week. Please use a newer mail."
NOT_VALID = "This link is not valid", "Please use the link in a newer mail."
USED = "This link was used already", "It works once. Open BuildOS to change the task."


def on_link_refused(_request: Request[Any, Any, Any], refused: LinkRefused) -> Response[str]:
    """The page for a link that is not good; it does not say whether the task exists."""
    return page(404, *(EXPIRED if refused.why == "expired" else NOT_VALID))


@route(
    "/tap/done/{token:str}",
    http_method=READ,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    exception_handlers={LinkRefused: on_link_refused},
    tags=["Mail"],
)
async def done_page(token: str, services: Services) -> Response[str]:
    """A page with one button; opening it changes nothing. 404 for a link that is not good."""
    link, task = await _task_of(services, token)
    if task["status"] == "done":
        return page(200, "It is done already", str(task["title"]), OPEN_PAGE)
    if await used_links_store.is_used(services.db, token):
        return page(409, *USED, OPEN_PAGE)
    form = f'<form method="post" data-user="{escape(link.user_id)}"><button>Done</button></form>'
    return page(200, "Mark it as done?", str(task["title"]), form, script=SCRIPT)


@post(
    "/tap/done/{token:str}",
    status_code=200,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    exception_handlers={LinkRefused: on_link_refused},
    tags=["Mail"],
)
async def mark_done(token: str, services: Services) -> Response[str]:
    """Mark the link's task as done, once. 404 for a link that is not good, 409 for a used one."""
    link, task = await _task_of(services, token)
    if not await services.db.write(lambda tx: _mark(tx, services, token, link)):
        return page(409, *USED, OPEN_PAGE)
    return page(200, "Done", str(task["title"]), OPEN_PAGE)


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
