"""Signing in and out of the users' page (docs/spec.md#page-sign-in)."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.enums import MediaType

from buildos_box.auth.caller import Caller
from buildos_box.auth.guard import PUBLIC, from_our_page, session_of
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.rate_limits import Authenticator
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.auth.session_cookie import SessionCookie
from buildos_box.auth.tokens import SESSION
from buildos_box.clock import to_text
from buildos_box.db import Row
from buildos_box.errors import Conflict, Forbidden, Unauthorized, Unprocessable
from buildos_box.locales.catalogue_files import page_texts
from buildos_box.locales.tags import LANGUAGES, catalogue_tag, wanted
from buildos_box.log import logger
from buildos_box.services import Services
from buildos_box.web import sign_in, sign_in_mail
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language

AnyRequest = Request[Any, Any, Any]
log = logger(__name__)
ANOTHER_USER = "signed_in_as_another"


class SignIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token (with `userId` if it may act for everyone) or a sign-in link's code.

    `replace`: the browser may be signed out of another user's page for it.
    """

    token: str | None = None
    code: str | None = None
    user_id: str | None = None
    replace: bool = False


class LinkCode(msgspec.Struct, frozen=True):
    """The code of a sign-in link."""

    code: str


class MailAddress(msgspec.Struct, frozen=True):
    """The mail address of whoever wants to sign in."""

    email: str


class LinkMailed(msgspec.Struct, frozen=True):
    """A link is on its way if the address is a user's."""

    success: bool = True


class Session(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The user who is signed in."""

    user_id: str
    name: str
    timezone: str
    locale: str
    """What the page is written in, and how: a known tag, never null."""
    hour_cycle: int
    week_start: int
    texts: str
    """The tag of the catalogue that the page's texts are from."""
    languages: dict[str, str]
    """What can be chosen: tags, and each language's own name."""

    @classmethod
    async def of(cls, services: Services, row: Row) -> "Session":
        """The view of a user."""
        language = await get_language(services, row["id"])
        return cls(
            user_id=row["id"],
            name=row["name"],
            timezone=row["timezone"],
            locale=language.tag,
            hour_cycle=language.hour_cycle,
            week_start=language.week_start,
            texts=catalogue_tag(language.tag),
            languages=LANGUAGES,
        )


class LinkPreview(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom a sign-in link lets in, and who is signed in now, if that is somebody else."""

    user_id: str
    name: str
    replaces: str | None


class SignInLink(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A link that opens that user's page once, until it expires."""

    url: str
    expires_at: str


@post("/app/session", status_code=200, opt=PUBLIC, tags=["Web page"])
async def open_session(
    data: SignIn, request: AnyRequest, services: Services, keyring: Keyring
) -> Response[Session]:
    """Sign in to the page; the response sets its cookie.

    409 `signed_in_as_another` if the browser is signed in as another user, unless `replace` is
    given: nobody gets onto another's page without knowing it. Raises Forbidden (not from the page,
    or a viewer's token), Unauthorized (wrong token or code), Unprocessable (neither given, unknown
    or unnamed user), Conflict, RateLimited.
    """
    _require_our_page(request)
    if data.code:
        holder: Awaitable[Caller] = sign_in.link_holder(services, keyring, data.code.strip())
    elif data.token:
        holder = keyring.recognise(data.token.strip())
    else:
        raise Unprocessable.field("token", "give a token, or the code of a link")
    caller = await _authorised(request, holder)
    user = await sign_in.user_for(services, caller, data.user_id)
    before = await _signed_in(request, keyring)
    if before is not None and before.only_user != user["id"] and not data.replace:
        raise Conflict("this browser is signed in as another user", code=ANOTHER_USER)
    token, lasts = await sign_in.open_session(services, keyring, caller, user["id"], before)
    log.info("signed_in", user_id=user["id"], actor=caller.actor, token_id=caller.token_id)
    response = Response(await Session.of(services, user), status_code=200)
    _cookie(request).set(response, token, lasts)
    return response


@post("/app/sign-in-link", status_code=200, opt=PUBLIC, tags=["Web page"])
async def preview_link(
    data: LinkCode, request: AnyRequest, services: Services, keyring: Keyring
) -> LinkPreview:
    """Whom a link would sign in, so that the page can ask before it does; the link stays good.

    Raises Unauthorized (used, expired or unknown), Forbidden (another site), Unprocessable.
    """
    _require_our_page(request)
    holder = sign_in.link_holder(services, keyring, data.code.strip())
    user = await sign_in.user_for(services, await _authorised(request, holder), None)
    before = await _signed_in(request, keyring)
    other = before.only_user if before is not None else None
    row = (
        await workspace.row_of(services.db, "users", other)
        if other not in (None, user["id"])
        else None
    )
    return LinkPreview(
        user_id=user["id"], name=user["name"], replaces=(row["name"] or row["id"]) if row else None
    )


@post("/app/sign-in-mail", status_code=202, opt=PUBLIC, tags=["Web page"])
async def mail_link(
    data: MailAddress,
    request: AnyRequest,
    services: Services,
    keyring: Keyring,
    correlation_id: str,
) -> LinkMailed:
    """Mail a sign-in link to the address, if it is the confirmed one of a user.

    The answer is the same whether it is or not. Raises Forbidden (not from the page), Unprocessable
    (no mail address), RateLimited (`limits.codes_…`, counted before the address is looked up).
    """
    _require_our_page(request)
    authenticator: Authenticator = request.app.state.authenticator
    await sign_in_mail.request_link(
        services,
        keyring,
        data.email,
        client=authenticator.client_of(request),
        correlation_id=correlation_id,
    )
    return LinkMailed()


def _require_our_page(request: AnyRequest) -> None:
    """Raises Forbidden for another site, which could sign a visitor in as somebody they are not."""
    if not from_our_page(request):
        raise Forbidden("this is for the server's own page; programs send their token")


async def _authorised(request: AnyRequest, holder: Awaitable[Caller]) -> Caller:
    """The caller by a credential in the body, under the rules for every other credential."""
    authenticator: Authenticator = request.app.state.authenticator
    return await authenticator.authorise(request, holder)


async def _signed_in(request: AnyRequest, keyring: Keyring) -> Caller | None:
    """Whose page the browser has open now."""
    try:
        return await keyring.recognise(session_of(request), SESSION)
    except Unauthorized:
        return None


@get("/app/session", tags=["Web page"])
async def get_session(
    request: AnyRequest, services: Services, keyring: Keyring, caller: Caller
) -> Response[Session]:
    """The user whose token this is; once a day it renews the page's session and its cookie.

    Raises Forbidden for other tokens, Unprocessable if deleted, Unauthorized.
    """
    if caller.only_user is None:
        raise Forbidden("this token does not belong to a single user")
    row = await workspace.row_of(services.db, "users", caller.only_user)
    if row is None:
        raise Unprocessable.field("userId", f"there is no user {caller.only_user}")
    response = Response(await Session.of(services, row), status_code=200)
    lasts = await keyring.renew_session(caller)
    if lasts is not None:
        _cookie(request).set(response, session_of(request), lasts)
    return response


@get("/app/texts.json", opt=PUBLIC, include_in_schema=False, media_type=MediaType.JSON)
async def get_texts(request: AnyRequest, services: Services, keyring: Keyring) -> Response[bytes]:
    """The page's texts: in the language of whoever is signed in, else in that of the browser."""
    reader = await _signed_in(request, keyring)
    if reader is not None and reader.only_user is not None:
        tag = catalogue_tag((await get_language(services, reader.only_user)).tag)
    else:
        accepted = request.headers.get("accept-language", "")
        tag = wanted(accepted, services.settings.briefs.locale)
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
    return Response(page_texts(tag), headers=headers, media_type=MediaType.JSON)


@delete("/app/session", status_code=200, tags=["Web page"])
async def close_session(
    request: AnyRequest, services: Services, keyring: Keyring, caller: Caller
) -> Response[dict[str, bool]]:
    """Sign out: end the session and delete its cookie; the token that opened it stays valid."""
    if caller.is_session:
        await keyring.revoke(caller.token_id)
        log.info("signed_out", user_id=caller.only_user)
    response = Response({"success": True}, status_code=200)
    _cookie(request).set(response, "", timedelta(0))
    return response


@post("/users/{user_id:str}/sign-in-link", tags=["Web page"], opt=NEEDS_SERVICE)
async def issue_link(
    user_id: str, services: Services, keyring: Keyring, caller: Caller
) -> SignInLink:
    """A link that opens that user's page once, within a day. Raises Forbidden, NotFound."""
    url, expires_at = await sign_in.make_link(services, keyring, caller, user_id)
    log.info("sign_in_link_made", user_id=user_id, actor=caller.actor)
    return SignInLink(url=url, expires_at=to_text(expires_at))


def _cookie(request: AnyRequest) -> SessionCookie:
    cookie: SessionCookie = request.app.state.session_cookie
    return cookie


ROUTES: list[Any] = [
    open_session,
    preview_link,
    mail_link,
    get_session,
    get_texts,
    close_session,
    issue_link,
]
