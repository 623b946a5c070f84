"""Tokens over HTTP: issue, list, revoke (docs/spec.md#api-auth)."""

from typing import Any

import msgspec
from litestar import delete, get, post

from buildos_box.auth import store
from buildos_box.auth.caller import Caller
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.scope_guard import NEEDS_ADMIN
from buildos_box.auth.tokens import Token
from buildos_box.clock import from_text, to_text
from buildos_box.db import Tx
from buildos_box.errors import FieldFault, NotFound, Unprocessable
from buildos_box.log import logger
from buildos_box.services import Services
from buildos_box.workspace import store as workspace

log = logger(__name__)


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request for a token with scope `admin`, `service`, `viewer` (reads only) or `user:{id}`."""

    name: str
    scope: str
    expires_at: str | None = None


class TokenIssued(msgspec.Struct, frozen=True):
    """A new token; its text is shown only here."""

    id: str
    token: str


class TokenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token's record; its text is not kept.

    `kind` is `api`, or `session` for the users' page; `issuedBy` is the token it was made with.
    """

    id: str
    name: str
    scope: str
    kind: str
    issued_by: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    @classmethod
    def of(cls, token: Token) -> "TokenView":
        """The view of one record."""
        return cls(
            id=token.id,
            name=token.name,
            scope=token.scope,
            kind=token.kind,
            issued_by=token.issued_by,
            created_at=to_text(token.created_at),
            expires_at=to_text(token.expires_at) if token.expires_at else None,
            revoked_at=to_text(token.revoked_at) if token.revoked_at else None,
        )


@post("/tokens", tags=["Tokens"], opt=NEEDS_ADMIN)
async def issue_token(data: TokenRequest, keyring: Keyring, caller: Caller) -> TokenIssued:
    """Issue a token, whose text is in this answer only.

    Raises Forbidden without an admin's token, NotFound for a user who is not there, Unprocessable
    for an unknown scope or a bad time.
    """
    try:
        expires = from_text(data.expires_at) if data.expires_at else None
    except ValueError as error:
        raise Unprocessable.field("expiresAt", str(error)) from None
    issued = await keyring.issue(
        data.name, data.scope, expires, issued_by=caller.token_id, check_user=_check_user
    )
    log.info("token_issued", token_id=issued[0], scope=data.scope, actor=caller.actor)
    return TokenIssued(*issued)


def _check_user(tx: Tx, user_id: str) -> None:
    """Otherwise whoever gets that id later would find a token to their data given away already."""
    if workspace.find_user(tx, user_id) is None:
        said = f"there is no user {user_id}"
        raise NotFound(
            f"scope: {said}", code="user_not_found", details=(FieldFault("scope", said),)
        )


@get("/tokens", tags=["Tokens"], opt=NEEDS_ADMIN)
async def list_tokens(services: Services) -> dict[str, list[TokenView]]:
    """All tokens, the newest first. Raises Forbidden without an admin's token."""
    return {"tokens": [TokenView.of(token) for token in await store.list_tokens(services.db)]}


@delete("/tokens/{token_id:str}", tags=["Tokens"], opt=NEEDS_ADMIN)
async def revoke_token(token_id: str, keyring: Keyring, caller: Caller) -> None:
    """Revoke a token at once, with the sessions, links and tickets that were made with it.

    Raises Forbidden without an admin's token, NotFound.
    """
    await keyring.revoke(token_id)
    log.info("token_revoked", token_id=token_id, actor=caller.actor)


ROUTES: list[Any] = [issue_token, list_tokens, revoke_token]
