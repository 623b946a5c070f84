"""Signing in and out of the users' page (docs/spec.md#page-sign-in)."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, delete, get, post

from buildos_box.auth.caller import Caller
from buildos_box.auth.guard import PUBLIC, SESSION_COOKIE, from_our_page
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.rate_limits import Authenticator
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import to_text
from buildos_box.db import Row
from buildos_box.errors import Forbidden, Impossible
from buildos_box.services import Services
from buildos_box.web import sign_in
from buildos_box.workspace import store as workspace

AnyRequest = Request[Any, Any, Any]


class SignIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token (with `userId` if it may act for everyone) or a sign-in link's code."""

    token: str | None = None
    code: str | None = None
    user_id: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The user who is signed in."""

    user_id: str
    name: str
    timezone: str

    @classmethod
    def of(cls, row: Row) -> "Session":
        """The view of a user."""
        return cls(user_id=row["id"], name=row["name"], timezone=row["timezone"])


class SignInLink(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A link that opens that user's page once, until it expires."""

    url: str
    expires_at: str


@post("/app/session", status_code=200, opt=PUBLIC, tags=["Web page"])
async def open_session(
    data: SignIn, request: AnyRequest, box: Services, keyring: Keyring
) -> Response[Session]:
    """Sign in to the page; the response sets its cookie.

    Raises Forbidden (not from the page), Unauthorized (wrong token or code), Impossible (neither
    given, unknown or unnamed user), RateLimited.
    """
    if not from_our_page(request):
        # Otherwise another site could sign a visitor in as somebody else.
        raise Forbidden("only the users' page may sign in; programs send their token")
    authenticator: Authenticator = request.app.state.authenticator
    if data.code:
        by_code = sign_in.by_code(box, keyring, data.code.strip())
        signed_in = await authenticator.counted(request, by_code)
    elif data.token:
        by_token = sign_in.by_token(box, keyring, data.token.strip(), data.user_id or None)
        signed_in = await authenticator.counted(request, by_token)
    else:
        raise Impossible.field("token", "give a token, or the code of a link")
    row = await workspace.row_of(box.db, "users", signed_in.user_id)
    if row is None:
        raise Impossible.field("token", f"its user {signed_in.user_id} does not exist")
    response = Response(Session.of(row), status_code=200)
    seconds = int(sign_in.SIGNED_IN_FOR.total_seconds())
    _set_cookie(response, box, request, signed_in.token, seconds)
    return response


@get("/app/session", tags=["Web page"])
async def get_session(box: Services, caller: Caller) -> Session:
    """The user whose token this is. Raises Forbidden for other tokens, Impossible if deleted."""
    if caller.only_user is None:
        raise Forbidden("this token does not belong to a single user")
    row = await workspace.row_of(box.db, "users", caller.only_user)
    if row is None:
        raise Impossible.field("userId", f"there is no user {caller.only_user}")
    return Session.of(row)


@delete("/app/session", status_code=200, tags=["Web page"])
async def close_session(
    request: AnyRequest, box: Services, keyring: Keyring, caller: Caller
) -> Response[dict[str, bool]]:
    """Sign out: delete the cookie and revoke the page's own token; a token of the user's stays
    valid.
    """
    if caller.name == sign_in.PAGE_TOKEN:
        await keyring.revoke(caller.token_id)
    response = Response({"success": True}, status_code=200)
    _set_cookie(response, box, request, "", 0)
    return response


@post("/users/{user_id:str}/sign-in-link", tags=["Web page"], opt=NEEDS_SERVICE)
async def issue_link(user_id: str, box: Services) -> SignInLink:
    """A link that opens that user's page once, within a day. Raises Forbidden, NotFound."""
    url, expires_at = await sign_in.make_link(box, user_id)
    return SignInLink(url=url, expires_at=to_text(expires_at))


def _set_cookie(
    response: Response[Any], box: Services, request: AnyRequest, value: str, seconds: int
) -> None:
    base = urlsplit(box.settings.server.public_url)
    response.set_cookie(
        key=SESSION_COOKIE,
        value=value,
        max_age=seconds,
        path=base.path or "/",
        secure="https" in (base.scheme, request.url.scheme),
        httponly=True,
        samesite="strict",
    )


ROUTES: list[Any] = [open_session, get_session, close_session, issue_link]
