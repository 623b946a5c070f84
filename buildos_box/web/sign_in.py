"""Signing in to the page with a token or a link (docs/spec.md#page-sign-in).

The page itself never stores a token. Whatever signs in, the cookie gets a session of its own for
that one user, which scripts cannot read, other sites cannot make a browser send, and no other
header takes. A link carries its code in the fragment, which browsers send to no server; it works
once.

The rules: docs/spec.md#page-sessions.
"""

from dataclasses import dataclass
from datetime import timedelta

from buildos_box.auth.caller import Caller
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.tokens import USER_PREFIX
from buildos_box.clock import Instant
from buildos_box.db import Row, Tx
from buildos_box.errors import NotFound, Unauthorized, Unprocessable
from buildos_box.services import Services
from buildos_box.web import store
from buildos_box.workspace import store as workspace

LINK_GOOD_FOR = timedelta(hours=24)
CODE_BITS = 160
LINK_NAME = "sign-in link"
USED_UP = "this link is used up or too old; ask for a new one"


@dataclass(frozen=True, slots=True)
class LinkHolder(Caller):
    """Whom a sign-in link lets in; its token is the one that the link was made with."""

    hashed: bytes = b""


async def make_link(
    services: Services, keyring: Keyring, caller: Caller, user_id: str
) -> tuple[str, Instant]:
    """A link that signs that user in once, and when it expires. Raises NotFound."""
    code, now = services.ids.secret(CODE_BITS), services.clock.now()
    expires_at = min(now + LINK_GOOD_FOR, caller.expires_at or now + LINK_GOOD_FOR)
    if await workspace.row_of(services.db, "users", user_id) is None:
        raise NotFound(f"there is no user {user_id}")
    await services.db.write(
        lambda tx: store.add(
            tx,
            keyring.hash(code),
            user_id=user_id,
            issued_by=caller.token_id,
            expires_at=expires_at,
            now=now,
        )
    )
    return link_url(services, code), expires_at


def link_url(services: Services, code: str) -> str:
    """The page's address with the code in the fragment."""
    return f"{services.settings.server.public_url}/app/#sign-in={code}"


async def link_holder(services: Services, keyring: Keyring, code: str) -> LinkHolder:
    """Whom that link lets in; it is not used up by that.

    Raises Unauthorized, the same for every reason.
    """
    hashed = keyring.hash(code)
    row = await store.waiting(services.db, hashed, services.clock.now())
    if row is None or not await keyring.still_valid(row["issued_by"]):
        raise Unauthorized(USED_UP)
    scope = f"{USER_PREFIX}{row['user_id']}"
    return LinkHolder(scope, row["issued_by"] or "", LINK_NAME, hashed=hashed)


async def user_for(services: Services, caller: Caller, user_id: str | None) -> Row:
    """Whose page a caller opens: their own, or that user's for one who may act for everyone.

    Raises Unprocessable: no such user, none named, or another than their own.
    """
    wanted = user_id or caller.only_user
    if caller.only_user not in (None, wanted):
        raise Unprocessable.field("userId", "this token belongs to another user")
    if wanted is None:
        users = await workspace.page_users(services.db, before=None, limit=2)
        if len(users) != 1:
            raise Unprocessable.field("userId", "is required, as this token may act for every user")
        return users[0]
    row = await workspace.row_of(services.db, "users", wanted)
    if row is None:
        raise Unprocessable.field("userId", f"there is no user {wanted}")
    return row


async def open_session(
    services: Services, keyring: Keyring, caller: Caller, user_id: str, before: Caller | None
) -> tuple[str, timedelta]:
    """The session that the cookie is to hold, in place of the browser's former one, and how long.

    Raises Unauthorized if the link has been used, or the token revoked, in the meantime.
    """
    now = services.clock.now()

    def run(tx: Tx) -> tuple[str, timedelta]:
        if isinstance(caller, LinkHolder) and store.take(tx, caller.hashed, now) is None:
            raise Unauthorized(USED_UP)
        return keyring.open_session(
            tx,
            user_id,
            issued_by=caller.token_id or None,
            instead_of=before.token_id if before else None,
        )

    return await services.db.write(run)
