"""The in-app inbox: its row is written in the commit of what it is about.

So neither a paused lane nor an expiry can lose it. The rules: docs/spec.md#notification-inbox.
"""

from buildos_box.db import Tx
from buildos_box.notifications import checks, store
from buildos_box.notifications.preferences import Skip
from buildos_box.notifications.recipient import Addressed
from buildos_box.notifications.views import NotificationView
from buildos_box.realtime import store as realtime
from buildos_box.services import Services


def deliver(tx: Tx, services: Services, delivery_id: str, addressed: Addressed) -> None:
    """Put the notification into its user's inbox and publish that, unless it is not wanted there.

    Raises PermanentError (`unknown_user`) if its user was deleted.
    """
    now, notification = services.clock.now(), addressed.row
    decision = checks.decide_now(
        tx, services, notification, "in_app", stale_at=None, recipient=addressed.recipient
    )
    unwanted = decision.reason if isinstance(decision, Skip) else None
    store.add_ended_delivery(
        tx, delivery_id, notification, "in_app", now, attempts=1, skipped=unwanted
    )
    addressed.note("in_app", deferred=True)
    if unwanted is not None:
        return
    shown = store.put_into_inbox(tx, notification["id"])
    realtime.publish(
        tx,
        user_id=notification["user_id"],
        type="notification.created",
        data=NotificationView.of(shown),
        correlation_id=notification["correlation_id"],
        now=now,
    )
