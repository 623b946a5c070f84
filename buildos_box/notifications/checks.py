"""Whether a notification may be delivered now, checked when it is due.

The rules: docs/spec.md#notification-preferences.
"""

from datetime import timedelta

from buildos_box.clock import Instant, day_bounds, from_text, local_day, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.notifications import store
from buildos_box.notifications.event_types import Channel, event_type
from buildos_box.notifications.preferences import Skip, Wait, decide
from buildos_box.notifications.recipient import Recipient
from buildos_box.services import Services

HOUR = timedelta(hours=1)


def stale_at(notification: Row) -> Instant | None:
    """When the notification becomes stale; None if never."""
    return from_text(notification["stale_at"]) if notification["stale_at"] else None


def decide_now(
    tx: Tx,
    services: Services,
    notification: Row,
    over: Channel,
    stale_at: Instant | None,
    recipient: Recipient | None = None,
) -> Skip | Wait | None:
    """Skip, Wait, or None if the notification may be delivered over that channel now.

    `stale_at` is when this delivery becomes stale; None if never. `recipient` is its user, if this
    transaction has read them already.

    Raises PermanentError (`unknown_user`) if its user was deleted, and Unprocessable if its event
    type is no longer known.
    """
    now = services.clock.now()
    recipient = recipient or Recipient(tx, notification["user_id"])
    if over == "in_app":  # the inbox has no caps
        return decide_for(recipient, notification["event_type"], over, stale_at, now)
    zone = zone_or_utc(recipient.user.timezone)
    midnight = day_bounds(local_day(now, zone), zone)[0]
    sent = store.count_sent_since(
        tx, recipient.user_id, now - HOUR, midnight, but=notification["id"], now=now
    )
    return decide_for(recipient, notification["event_type"], over, stale_at, now, sent)


def decide_for(
    recipient: Recipient,
    of_type: str,
    over: Channel,
    stale_at: Instant | None,
    now: Instant,
    sent: tuple[int, int] = (0, 0),
) -> Skip | Wait | None:
    """The same for a notification of that type, with those `sent` in the last hour and today."""
    last_hour, today = sent
    return decide(
        recipient.wanted,
        event_type(of_type),
        over,
        is_admin=recipient.user.is_admin,
        sent_last_hour=last_hour,
        sent_today=today,
        stale_at=stale_at,
        now=now,
        zone=zone_or_utc(recipient.user.timezone),
    )
