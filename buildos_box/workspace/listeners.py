"""What ends with a user: their jobs, and the tokens of their scope."""

from typing import Any

from buildos_box.auth import store as auth
from buildos_box.db import Tx
from buildos_box.feature import Listener
from buildos_box.services import Services
from buildos_box.workspace.changes import UserDeleted


def on_user_deleted(tx: Tx, box: Services, change: UserDeleted) -> None:
    """Cancel the user's jobs and revoke the tokens of their scope."""
    box.queue.cancel_all_of(tx, change.user_id, reason="its user was deleted", actor="system")
    auth.revoke_scope(tx, f"user:{change.user_id}", box.clock.now())


LISTENERS: tuple[Listener[Any], ...] = (Listener(UserDeleted, on_user_deleted),)
