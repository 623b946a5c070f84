"""The in-app inbox: its row is written in the commit of what it is about.

So neither a paused lane nor an expiry can lose it. The rules: docs/spec.md#notification-inbox.
"""

from buildos_box.db import Tx
from buildos_box.notifications import checks, store
from buildos_box.notifications.preferences import Skip
from buildos_box.notifications.recipient import Addressed, Recipient
from buildos_box.notifications.views import NotificationView
from buildos_box.realtime import store as realtime
from buildos_box.services import Services


def why_unwanted(of_type: str, recipient: Recipient, services: Services) -> str | None:
    """Why the user does not want such notifications in the inbox; None if they do.

    Raises PermanentError (`unknown_user`) if the user was deleted, and Unprocessable for an unknown
    event type.
    """
    # The inbox has no caps, and nothing in it becomes stale.
    decision = checks.decide_for(recipient, of_type, "in_app", None, services.clock.now())
    return decision.reason if isinstance(decision, Skip) else None


def deliver(tx: Tx, services: Services, delivery_id: str, addressed: Addressed) -> None:
    """Put the notification into its user's inbox and publish that, unless it is not wanted there.

    Raises PermanentError (`unknown_user`) if its user was deleted.
    """
    now, notification = services.clock.now(), addressed.row
    unwanted = why_unwanted(notification["event_type"], addressed.recipient, services)
    store.add_ended_delivery(
        tx, delivery_id, notification, "in_app", now, attempts=1, skipped=unwanted
    )
    addressed.note("in_app", deferred=True)
    if unwanted is not None:
        return
    shown = notification
    if not shown["in_inbox"]:
        shown = store.put_into_inbox(tx, notification["id"])
    realtime.publish(
        tx,
        user_id=notification["user_id"],
        type="notification.created",
        data=NotificationView.of(shown),
        correlation_id=notification["correlation_id"],
        now=now,
    )
