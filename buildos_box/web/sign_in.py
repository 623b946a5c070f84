"""Signing in to the page with a token or a link (docs/spec.md#page-sign-in).

The page itself never stores a token: a cookie does, which scripts cannot read and other sites
cannot make a browser send. A link carries its code in the fragment, which browsers send to no
server; it works once.
"""

from dataclasses import dataclass
from datetime import timedelta

from buildos_box.auth.keyring import Keyring
from buildos_box.auth.tokens import USER_PREFIX, hash_token
from buildos_box.clock import Instant
from buildos_box.errors import Impossible, NotFound, Unauthorized
from buildos_box.services import Services
from buildos_box.web import store
from buildos_box.workspace import store as workspace

SIGNED_IN_FOR = timedelta(days=30)
LINK_GOOD_FOR = timedelta(hours=24)
CODE_BITS = 160
PAGE_TOKEN = "web page"  # noqa: S105 (a name, no secret)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user who signed in, and the token that the cookie stores."""

    user_id: str
    token: str


async def make_link(box: Services, user_id: str) -> tuple[str, Instant]:
    """A link that signs that user in once, and when it expires. Raises NotFound."""
    code, now = box.ids.secret(CODE_BITS), box.clock.now()
    expires_at, hashed = now + LINK_GOOD_FOR, hash_token(box.secret, code)
    if await workspace.row_of(box.db, "users", user_id) is None:
        raise NotFound(f"there is no user {user_id}")
    await box.db.write(lambda tx: store.add(tx, hashed, user_id, expires_at, now))
    return f"{box.settings.server.public_url}/app/#sign-in={code}", expires_at


async def by_code(box: Services, keyring: Keyring, code: str) -> SignedIn:
    """Sign in by a link's code, which is used up. Raises Unauthorized, the same
    for every reason.
    """
    now, hashed = box.clock.now(), hash_token(box.secret, code)
    user_id = await box.db.write(lambda tx: store.take(tx, hashed, now))
    if user_id is None:
        raise Unauthorized("this link is used up or too old; ask for a new one")
    return await _own_token(box, keyring, user_id)


async def by_token(box: Services, keyring: Keyring, token: str, user_id: str | None) -> SignedIn:
    """Sign in by a user's own token, or by an operator's token for the named user.

    An operator's token is never stored in a cookie: the page gets a token of its own for that user.
    Raises Unauthorized, Impossible (unknown user, or none named).
    """
    caller = await keyring.recognise(token)
    if caller.only_user is not None:
        return SignedIn(caller.only_user, token)
    if user_id is None:
        users = await workspace.page_users(box.db, before=None, limit=2)
        if len(users) != 1:
            raise Impossible.field("userId", "is required: this token may act for every user")
        user_id = str(users[0]["id"])
    elif await workspace.row_of(box.db, "users", user_id) is None:
        raise Impossible.field("userId", f"there is no user {user_id}")
    return await _own_token(box, keyring, user_id)


async def _own_token(box: Services, keyring: Keyring, user_id: str) -> SignedIn:
    expires_at = box.clock.now() + SIGNED_IN_FOR
    _, token = await keyring.issue(PAGE_TOKEN, f"{USER_PREFIX}{user_id}", expires_at)
    return SignedIn(user_id, token)
