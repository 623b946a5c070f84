"""The click redirect of mails, and the open pixel (docs/spec.md#tracking)."""

from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request, Response, route
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec

from buildos_box.auth.guard import PUBLIC, READ
from buildos_box.auth.rate_limits import Authenticator
from buildos_box.db import Tx
from buildos_box.errors import BoxError
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.log import logger
from buildos_box.mail import tracking_store
from buildos_box.mail.link_page import NO_STORE, page
from buildos_box.mail.scanner_detection import IN_A_SECOND, PIXEL, bot_reason
from buildos_box.mail.tracking_rate_limit import TrackingRateLimit
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import box_language

log = logger(__name__)
_RESERVED = "!#$%&'()*+,/:;=?@[]~"
AnyRequest = Request[Any, Any, Any]


@route(
    "/email/track/open/{tracking_id:str}",
    http_method=READ,
    opt=PUBLIC,
    tags=["Mail"],
    media_type="image/gif",
)
async def track_open(tracking_id: str, request: AnyRequest, services: Services) -> Response[bytes]:
    """A 1×1 GIF, always; stores the open if the id is known."""
    await _quietly(_record(services, request, tracking_id, "opened", None))
    return Response(PIXEL, media_type="image/gif", headers=NO_STORE)


NOT_OURS = N_("This link is not from one of our mails")
LEADS_TO = N_("It would lead to: {host}")
LEADS_NOWHERE = N_("It does not say where it leads.")


@route(
    "/email/track/click/{tracking_id:str}",
    http_method=READ,
    opt=PUBLIC,
    tags=["Mail"],
    media_type=MediaType.HTML,
    responses={302: ResponseSpec(None, description="To that link", generate_examples=False)},
)
async def track_click(
    tracking_id: str, request: AnyRequest, services: Services, url: str = ""
) -> Response[str]:
    """Redirect to a link that was stored for that mail as it was sent (`mail/job.py`); else 400."""
    known = await tracking_store.tracked(services.db, tracking_id)
    link = await tracking_store.stored_link(services.db, known.email_id, url) if known else None
    if link is None:
        language = box_language(services)
        return page(language, 400, language.say(NOT_OURS), _where(url, language))
    await _quietly(_record(services, request, tracking_id, "clicked", link))
    # A header is ASCII; what is encoded already stays as it is.
    location = quote(url, safe=_RESERVED)
    return Response("", status_code=302, headers={**NO_STORE, "Location": location})


async def _record(
    services: Services, request: AnyRequest, tracking_id: str, kind: str, link: int | None
) -> None:
    if not services.settings.email.tracking or not _counts(request):
        return
    known = await tracking_store.tracked(services.db, tracking_id)
    if known is None or known.hits >= tracking_store.MAX_HITS:
        return
    user = await workspace.get_user(services.db, known.user_id)
    if user is None or not user.email_tracking:
        return  # turned off since the mail was sent
    now = services.clock.now()

    def record(tx: Tx) -> None:
        second_ago = now - IN_A_SECOND
        before = tracking_store.clicks_since(tx, known.recipient_id, second_ago) if link else 0
        why = bot_reason(
            method=request.method,
            headers=request.headers,
            sent_at=known.sent_at,
            now=now,
            links_just_now=before,
        )
        if why == "many_links":
            tracking_store.suspect_clicks_since(tx, known.recipient_id, second_ago, why)
        tracking_store.record_hit(tx, known.recipient_id, kind, link, why, now)

    await services.db.write(record)


def _counts(request: AnyRequest) -> bool:
    """Whether that address has not had too many hits counted already."""
    limit: TrackingRateLimit = request.app.state.tracking_rate_limit
    authenticator: Authenticator = request.app.state.authenticator
    return limit.allows(authenticator.client_of(request))


async def _quietly(recording: Any) -> None:
    """Store a hit; a failure must not break the image or redirect."""
    try:
        await recording
    except BoxError as error:
        log.warning("tracking_not_recorded", error=error.message)


def _where(url: str, language: Language) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return language.say(LEADS_TO, host=host) if host else language.say(LEADS_NOWHERE)


ROUTES: list[Any] = [track_open, track_click]
