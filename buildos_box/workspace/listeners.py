"""What goes with a person: their waiting and running work, and the keys made for them."""

from buildos_box.auth import store as access
from buildos_box.db import Tx
from buildos_box.services import Services
from buildos_box.workspace.changes import UserDeleted


def listen(box: Services) -> None:
    """Subscribe to users that are deleted."""

    def on_deleted(tx: Tx, change: UserDeleted) -> None:
        box.queue.cancel_all_of(tx, change.user_id, reason="its user was deleted", actor="system")
        access.revoke_scope(tx, f"user:{change.user_id}", box.clock.now())

    box.db.subscribe(UserDeleted, on_deleted)
