"""A user's mail subscriptions, without a mail's link (docs/spec.md#unsubscribe)."""

from typing import Any

import msgspec
from litestar import get, put

from buildos_box.auth.caller import Caller
from buildos_box.db import Tx
from buildos_box.errors import NotFound
from buildos_box.mail import store, subscriptions
from buildos_box.mail.job import BRIEFS
from buildos_box.mail.notification_job import NOTIFICATIONS
from buildos_box.services import Services
from buildos_box.workspace import store as workspace


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


ROUTES: list[Any] = [get_subscriptions, put_subscriptions]
