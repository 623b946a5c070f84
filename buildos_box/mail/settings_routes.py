"""A user's mail settings over HTTP, and addresses that bounced."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, put
from litestar.params import Parameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.db import Tx
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.mail import bounce_store, store, subscriptions
from buildos_box.mail.bounce_store import Bounce
from buildos_box.mail.job import BRIEFS
from buildos_box.mail.notification_job import NOTIFICATIONS
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import User

Scope = Literal["briefs", "notifications", "all"]


class BounceList(msgspec.Struct, frozen=True, rename="camel"):
    """A page of bounces, newest first."""

    items: list[Bounce]
    next_cursor: str | None = None


class MailStanding(msgspec.Struct, frozen=True, rename="camel"):
    """A user's mail settings, and whether their address has bounced."""

    address: str | None
    confirmed: bool
    """Whether mail may be sent there; an address that the user gave must be confirmed first."""
    tracking: bool
    """Whether opens and clicks are counted, which the server and the user must allow."""
    unsubscribed: list[str]
    bounce: Bounce | None


class Unsubscribed(msgspec.Struct, frozen=True):
    """All scopes of mail that a user does not want."""

    unsubscribed: list[Scope]


async def _user(services: Services, caller: Caller, user_id: str) -> User:
    caller.require_user(user_id)
    user = await workspace.get_user(services.db, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user


async def _standing(services: Services, user: User) -> MailStanding:
    bounce = await bounce_store.of_address(services.db, user.email) if user.email else None
    return MailStanding(
        address=user.email,
        confirmed=user.email_confirmed,
        tracking=services.settings.email.tracking and user.email_tracking,
        unsubscribed=await store.unsubscribed_scopes(services.db, user.id),
        bounce=bounce,
    )


@get("/users/{user_id:str}/mail", tags=["Mail"])
async def get_standing(user_id: str, services: Services, caller: Caller) -> MailStanding:
    """A user's unsubscribed scopes, tracking and bounce. Raises NotFound."""
    return await _standing(services, await _user(services, caller, user_id))


@put("/users/{user_id:str}/mail", tags=["Mail"])
async def put_standing(
    user_id: str, data: Unsubscribed, services: Services, caller: Caller
) -> MailStanding:
    """Set which mail the user does not want: `briefs`, `notifications`, `all`. Raises NotFound."""
    user = await _user(services, caller, user_id)
    now, wanted = services.clock.now(), set(data.unsubscribed)
    await services.db.write(lambda tx: subscriptions.set_unsubscribed(tx, user_id, wanted, now))
    return await _standing(services, user)


@delete("/users/{user_id:str}/mail/bounce", status_code=200, tags=["Mail"], opt=NEEDS_SERVICE)
async def clear_bounce(user_id: str, services: Services, caller: Caller) -> MailStanding:
    """Allow mail to the user's address again. Raises Forbidden, NotFound, Unprocessable."""
    user = await _user(services, caller, user_id)
    address = user.email
    if address is None:
        raise Unprocessable(f"{user_id} has no mail address")
    await services.db.write(lambda tx: bounce_store.clear(tx, address))
    return await _standing(services, user)


@get("/emails/bounces", tags=["Mail"], opt=NEEDS_SERVICE)
async def list_bounces(
    services: Services,
    cursor: str | None = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> BounceList:
    """All addresses that bounced, newest first. Raises Forbidden."""
    at, _, rest = (cursor or "").partition("|")
    address, _, user_id = rest.rpartition("|")
    before = (at, address, user_id) if user_id else None
    found = await bounce_store.page(services.db, before, limit)
    last = found[-1] if len(found) == limit else None
    more = f"{last.at}|{last.address}|{last.user_id}" if last else None
    return BounceList(found, more)


class EmailSubscriptions(msgspec.Struct, frozen=True):
    """Whether mails of each kind are sent; False after unsubscribing."""

    briefs: bool
    notifications: bool


class SubscriptionChange(msgspec.Struct, frozen=True):
    """The subscriptions to change; others stay."""

    briefs: bool | None = None
    notifications: bool | None = None


@get("/users/{user_id:str}/email-subscriptions", tags=["Mail"])
async def get_subscriptions(user_id: str, services: Services, caller: Caller) -> EmailSubscriptions:
    """Which mails a user gets. Raises NotFound."""
    caller.require_user(user_id)
    return await _present(services, user_id)


@put("/users/{user_id:str}/email-subscriptions", tags=["Mail"])
async def put_subscriptions(
    user_id: str, data: SubscriptionChange, services: Services, caller: Caller
) -> EmailSubscriptions:
    """Unsubscribe from kinds of mail, or subscribe again. Raises NotFound."""
    caller.require_user(user_id)
    now = services.clock.now()

    def change(tx: Tx) -> None:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"there is no user {user_id}")
        for scope, wanted in ((BRIEFS, data.briefs), (NOTIFICATIONS, data.notifications)):
            if wanted is False:
                subscriptions.unsubscribe(tx, user_id, scope, now)
            elif wanted:
                subscriptions.resubscribe(tx, user_id, scope, now)

    await services.db.write(change)
    return await _present(services, user_id)


async def _present(services: Services, user_id: str) -> EmailSubscriptions:
    refused = await store.unsubscribed_scopes(services.db, user_id)
    return EmailSubscriptions(
        briefs=store.ALL not in refused and BRIEFS not in refused,
        notifications=store.ALL not in refused and NOTIFICATIONS not in refused,
    )


ROUTES: list[Any] = [
    get_standing,
    put_standing,
    clear_bounce,
    list_bounces,
    get_subscriptions,
    put_subscriptions,
]
