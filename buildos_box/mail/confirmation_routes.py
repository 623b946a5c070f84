"""Confirming a mail address over HTTP."""

from typing import Any

import msgspec
from litestar import Request, post

from buildos_box.auth import codes
from buildos_box.auth.caller import Caller
from buildos_box.auth.rate_limits import client_address
from buildos_box.clock import to_text
from buildos_box.db import Tx
from buildos_box.errors import Conflict, NotFound
from buildos_box.mail import confirmation_store as store
from buildos_box.mail.confirmation import code_name, queue_code
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import User


class EmailCodeSent(msgspec.Struct, frozen=True, rename="camel"):
    """The address, when the code expires, and the job that sends it."""

    success: bool
    email: str
    job_id: str
    expires_at: str


class EmailCode(msgspec.Struct, frozen=True):
    """The code that was sent."""

    code: str


class EmailConfirmed(msgspec.Struct, frozen=True):
    """The address that was confirmed."""

    success: bool
    email: str


@post("/users/{user_id:str}/email/code", status_code=200, tags=["Mail"])
async def ask_email_code(
    user_id: str,
    request: Request[Any, Any, Any],
    services: Services,
    caller: Caller,
    correlation_id: str,
) -> EmailCodeSent:
    """Send a six-digit code to the user's mail address; `limits.codes_…` limit how often.

    Nothing else is sent to an address that a user gave until it is confirmed. Raises NotFound,
    Conflict if it is confirmed already, Unprocessable (no address, bounced), RateLimited.
    """
    caller.require_user(user_id)
    client = client_address(request, caller)

    def ask(tx: Tx) -> EmailCodeSent:
        user = _user(tx, user_id)
        if user.email and user.email_confirmed:
            raise Conflict("the mail address is confirmed already", code="already_confirmed")
        queued, expires = queue_code(
            tx, services, user, client=client, correlation_id=correlation_id, actor=caller.actor
        )
        return EmailCodeSent(True, user.email or "", queued.job_id, to_text(expires))

    return await services.db.write(ask)


@post("/users/{user_id:str}/email/verify", status_code=200, tags=["Mail"])
async def verify_email(
    user_id: str, data: EmailCode, services: Services, caller: Caller
) -> EmailConfirmed:
    """Confirm the address by its code: five tries, one hour.

    Raises NotFound, Unprocessable (no code, expired, too many tries, wrong).
    """
    caller.require_user(user_id)

    def verify(tx: Tx) -> str | None:
        """The address; None if the code is wrong, so that the try is counted."""
        user, open_one = _user(tx, user_id), store.find(tx, user_id)
        sent = None
        if open_one is not None and open_one.address == user.email:
            sent = codes.OpenCode(code_name(open_one.id), open_one.expires_at, open_one.tries)
        if not codes.check(data.code, services.secret, sent, services.clock.now()):
            store.count_try(tx, user_id)
            return None
        assert open_one is not None
        store.close(tx, user_id)
        workspace.confirm_email(tx, user_id, services.clock.now())
        return open_one.address

    address = await services.db.write(verify)
    if address is None:
        raise codes.wrong()
    return EmailConfirmed(True, address)


def _user(tx: Tx, user_id: str) -> User:
    user = workspace.find_user(tx, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user


ROUTES: list[Any] = [ask_email_code, verify_email]
