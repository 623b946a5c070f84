"""What ends with a user, their jobs and tokens; and what stops their data from growing."""

from typing import Any

from buildos_box.auth import store as auth
from buildos_box.db import Tx
from buildos_box.feature import Listener
from buildos_box.services import Services
from buildos_box.workspace import quota
from buildos_box.workspace.changes import UserDataGrown, UserDeleted
from buildos_box.workspace.store import storage as storage_store


def on_user_deleted(tx: Tx, services: Services, change: UserDeleted) -> None:
    """Cancel the user's jobs and revoke the tokens of their scope."""
    services.queue.cancel_all_of(tx, change.user_id, reason="its user was deleted", actor="system")
    auth.revoke_scope(tx, f"user:{change.user_id}", services.clock.now())


def on_user_data_grown(tx: Tx, services: Services, change: UserDataGrown) -> None:
    """Refuse what takes a user past their limits. Raises Unprocessable."""
    stored = storage_store.of_user(tx, change.user_id)
    quota.check(services.settings.limits, change.user_id, change.lists, stored)


LISTENERS: tuple[Listener[Any], ...] = (
    Listener(UserDeleted, on_user_deleted),
    Listener(UserDataGrown, on_user_data_grown),
)
