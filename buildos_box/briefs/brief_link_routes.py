"""A day's brief by the link of its mail: to be read, and its tasks to be marked as done.

The link shows that brief and nothing else; whatever is beyond it needs signing in.

The rules: docs/spec.md#signed-links.
"""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from litestar import Response, route
from litestar.enums import MediaType

from buildos_box.auth.guard import PUBLIC, READ
from buildos_box.briefs import store
from buildos_box.briefs.draft import TICKED, NamedTask
from buildos_box.db import Row
from buildos_box.locales.language import Language
from buildos_box.mail import signed_links
from buildos_box.mail.html import to_html
from buildos_box.mail.link_page import text_page
from buildos_box.mail.mark_done_routes import on_link_refused, open_page
from buildos_box.mail.render import DONE_LABEL, with_done_links
from buildos_box.mail.signed_links import LinkRefused, SignedLink
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language

DONE_MARK = " ✓"


@route(
    "/tap/brief/{token:str}",
    http_method=READ,
    opt=PUBLIC,
    media_type=MediaType.HTML,
    exception_handlers={LinkRefused: on_link_refused},
    tags=["Briefs"],
)
async def brief_page(token: str, services: Services) -> Response[str]:
    """The brief that the link is good for. Raises LinkRefused (404) for any other."""
    link = signed_links.read_token(services.secret, token, signed_links.BRIEF, services.clock.now())
    row = await store.brief_of(services.db, link.user_id, date.fromisoformat(link.about))
    if row is None or row["summary_content"] is None:
        raise LinkRefused("forged")
    language = await get_language(services, link.user_id)
    shown = to_html(await _as_it_stands(services, row, link, language))
    return text_page(language, str(row["subject"]), shown, open_page(language))


async def _as_it_stands(services: Services, row: Row, link: SignedLink, language: Language) -> str:
    """The brief's Markdown: open tasks have a link to mark them as done, others a mark."""
    named = msgspec.json.decode(row["named_tasks"] or b"[]", type=list[NamedTask])
    states = await workspace.states_of(services.db, link.user_id, [one.task_id for one in named])
    lines, urls = row["summary_content"].split("\n"), []
    for one in named:
        if one.place not in TICKED or one.task_id not in states:
            continue
        if states[one.task_id]["status"] == "done":
            lines[one.line] += DONE_MARK
        else:
            urls.append((one.line, _done_url(services, link, one.task_id)))
    return with_done_links("\n".join(lines), urls, language.say(DONE_LABEL))


def _done_url(services: Services, link: SignedLink, task_id: str) -> str:
    """Good as long as the brief's own link."""
    expires = datetime.fromtimestamp(link.expires, UTC)
    done = SignedLink.until(expires, signed_links.DONE, link.user_id, task_id)
    token = signed_links.token_of(services.secret, done)
    return signed_links.done_url(services.settings.server.public_url, token)


ROUTES: list[Any] = [brief_page]
