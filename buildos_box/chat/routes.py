"""A person's chat address over HTTP: given, proved by a code, removed (docs/spec.md#chat)."""

from typing import Any

import msgspec
from litestar import Request, delete, get, post

from buildos_box.auth import code_limits, codes
from buildos_box.auth.caller import Caller
from buildos_box.auth.code_limits import CodeAsked
from buildos_box.auth.rate_limits import client_address
from buildos_box.chat import store, targets
from buildos_box.chat.code_job import SEND_CHAT_CODE, VALID, CodePayload, code_name
from buildos_box.clock import from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import NotFound
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language

AnyRequest = Request[Any, Any, Any]


class ChatService(msgspec.Struct, frozen=True):
    """A service that the operator offers, and what people are asked for."""

    name: str
    hint: str


class ChatView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user's chat address. Of a target, which is a secret, only the beginning is shown.

    `pending…` is an address whose code has not been given yet. `available` is false where the
    operator no longer offers the service.
    """

    services: list[ChatService]
    service: str | None
    target: str | None
    available: bool
    confirmed_at: str | None
    pending_service: str | None
    pending_until: str | None


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send; `confirmed` (service and admin tokens only) vouches for it without a code."""

    service: str
    target: str
    confirmed: bool = False


class ChatAsked(msgspec.Struct, frozen=True, rename="camel"):
    """When the code expires and the job that sends it; both null if no code was needed."""

    success: bool
    confirmed: bool
    job_id: str | None
    expires_at: str | None


class ChatCode(msgspec.Struct, frozen=True):
    """The code that was sent."""

    code: str


class ChatConfirmed(msgspec.Struct, frozen=True):
    """The service at which the address was confirmed."""

    success: bool
    service: str


@get("/users/{user_id:str}/chat", tags=["Chat"])
async def get_chat(user_id: str, services: Services, caller: Caller) -> ChatView:
    """A user's chat address and the services to choose from. Raises NotFound for another user."""
    caller.require_user(user_id)
    row = await store.get_address(services.db, user_id)
    pending = await store.get_verification(services.db, user_id)
    if pending is not None and services.clock.now() >= from_text(pending["expires_at"]):
        pending = None
    offered, language = services.settings.chat, await get_language(services, user_id)
    return ChatView(
        services=[
            ChatService(name, targets.hint_of(one, language)) for name, one in offered.items()
        ],
        service=row["service"] if row else None,
        target=targets.masked_target(row["target"]) if row else None,
        available=row is not None and row["service"] in offered,
        confirmed_at=row["confirmed_at"] if row else None,
        pending_service=pending["service"] if pending else None,
        pending_until=pending["expires_at"] if pending else None,
    )


@post("/users/{user_id:str}/chat", status_code=200, tags=["Chat"])
async def ask_chat_code(
    user_id: str,
    data: ChatRequest,
    request: AnyRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
) -> ChatAsked:
    """Send a six-digit code to a chat address; `limits.codes_…` say how often.

    Raises NotFound (another or unknown user), Unprocessable (service or target), Forbidden
    (`confirmed`), RateLimited.
    """
    caller.require_user(user_id)
    if data.confirmed:
        caller.require_service()
    target = targets.target_of(targets.service_named(services.settings, data.service), data.target)
    asked = CodeAsked(user_id, f"{data.service}:{target}", client_address(request, caller))

    def ask(tx: Tx) -> ChatAsked:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"there is no user {user_id}")
        now = services.clock.now()
        if data.confirmed:
            store.set_address(tx, user_id, data.service, target, now)
            return ChatAsked(True, True, None, None)
        code_limits.take(tx, asked, services.settings.limits, services.secret, now)
        code_id, expires = services.ids.new("code", now), now + VALID
        store.open_verification(tx, user_id, data.service, target, code_id, expires)
        queued = services.queue.enqueue(
            tx,
            SEND_CHAT_CODE,
            CodePayload(user_id=user_id, code_id=code_id, expires_at=to_text(expires)),
            user_id=user_id,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
        return ChatAsked(True, False, queued.job_id, to_text(expires))

    return await services.db.write(ask)


@post("/users/{user_id:str}/chat/verify", status_code=200, tags=["Chat"])
async def verify_chat_code(
    user_id: str, data: ChatCode, services: Services, caller: Caller
) -> ChatConfirmed:
    """Confirm the address by its code: five tries, ten minutes.

    Raises NotFound (another user), Unprocessable (no code, expired, too many tries, wrong).
    """
    caller.require_user(user_id)

    def verify(tx: Tx) -> str | None:
        """The service; None if the code is wrong, so that the try is counted."""
        row = store.verification(tx, user_id)
        sent = None
        if row is not None:
            expires = from_text(row["expires_at"])
            sent = codes.OpenCode(code_name(row["code_id"]), expires, row["tries"])
        if not codes.check(data.code, services.secret, sent, services.clock.now()):
            store.count_try(tx, user_id)
            return None
        assert row is not None
        _confirm(tx, services, row)
        return str(row["service"])

    service = await services.db.write(verify)
    if service is None:
        raise codes.wrong()
    return ChatConfirmed(True, service)


def _confirm(tx: Tx, services: Services, row: Row) -> None:
    store.set_address(tx, row["user_id"], row["service"], row["target"], services.clock.now())


@delete("/users/{user_id:str}/chat", status_code=204, tags=["Chat"])
async def delete_chat(user_id: str, services: Services, caller: Caller) -> None:
    """Forget a user's chat address. Raises NotFound for another user, and where there is none."""
    caller.require_user(user_id)
    if not await services.db.write(lambda tx: store.remove_address(tx, user_id)):
        raise NotFound("there is no chat address")


ROUTES: list[Any] = [get_chat, ask_chat_code, verify_chat_code, delete_chat]
