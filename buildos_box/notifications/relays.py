"""Deliveries by mail and SMS: queued in those packages, and ended by the outcome there.

Such a delivery is pending until the mail or SMS has an outcome; their own jobs have the retries.
"""

import string

import msgspec

from buildos_box.clock import to_text
from buildos_box.db import Row, Tx
from buildos_box.mail import store as mail_store
from buildos_box.mail.outgoing import queue_notification_email
from buildos_box.notifications import checks, push_outcome, store
from buildos_box.notifications.event_types import event_type, read_payload
from buildos_box.notifications.outgoing import notify
from buildos_box.page_links import PageLinks
from buildos_box.services import Services
from buildos_box.sms import store as sms_store
from buildos_box.sms.outgoing import add_message
from buildos_box.sms.text import plain, shorten, signature
from buildos_box.workspace import store as workspace

_ENTITIES = str.maketrans({mark: f"&#{ord(mark)};" for mark in string.punctuation})
OPENED, CLICKED, DELIVERED = "opened", "clicked", "delivered"
MAIL_ENDS = {
    mail_store.SENT: store.SENT,
    mail_store.FAILED: store.FAILED,
    mail_store.SKIPPED: store.SKIPPED,
    mail_store.CANCELLED: store.SKIPPED,
}
SMS_ENDS = {
    sms_store.SENT: store.SENT,
    sms_store.DELIVERED: DELIVERED,
    sms_store.UNDELIVERED: store.FAILED,
    sms_store.FAILED: store.FAILED,
    sms_store.UNKNOWN: store.FAILED,
    sms_store.SKIPPED: store.SKIPPED,
    sms_store.CANCELLED: store.SKIPPED,
}


def as_markdown(text: str) -> str:
    """The text as Markdown that renders as the same text, without links, headings or HTML."""
    return text.translate(_ENTITIES)


def by_mail(tx: Tx, services: Services, delivery: Row, notification: Row) -> str | None:
    """Queue the notification's mail; returns the reason if there is none."""
    user = workspace.find_user(tx, notification["user_id"])
    if user is None:
        return "no address"
    queued = queue_notification_email(
        tx,
        services,
        user,
        subject=notification["title"],
        body_markdown=as_markdown(notification["body"]),
        correlation_id=notification["correlation_id"],
        event_type=notification["event_type"],
        notification_id=notification["id"],
        delivery_id=delivery["id"],
        action_url=PageLinks.of(services.settings).action(notification["action_url"]),
    )
    if queued.email_id is not None:
        store.hand_over(tx, delivery["id"], queued.email_id, services.clock.now())
    return queued.skipped


def by_sms(tx: Tx, services: Services, delivery: Row, notification: Row) -> None:
    """Queue the notification's SMS to the user's own number, once that is verified."""
    sms_id, _job = add_message(
        tx,
        services,
        user_id=notification["user_id"],
        kind="notification",
        message=sms_text(services.settings.email.from_name, notification),
        at=services.clock.now(),
        correlation_id=notification["correlation_id"],
        expires_at=checks.stale_at(notification),
    )
    store.hand_over(tx, delivery["id"], sms_id, services.clock.now())


def sms_text(sender: str, notification: Row) -> str:
    """What the event type says, or the sender's name and the notification's texts, cut to size."""
    event = event_type(notification["event_type"])
    if event.sms is not None:
        whole = event.sms(read_payload(event, msgspec.json.decode(notification["payload"])))
        if whole:
            return str(whole)
    said = f"{notification['title']}: {notification['body']}"
    return shorten(plain(said), f"{signature(sender)}{{}}")


def update_delivery(
    tx: Tx,
    services: Services,
    channel: str,
    message_id: str,
    status: str | None,
    reason: str | None,
) -> None:
    """Store the outcome of the mail or SMS; one that failed goes another way."""
    if status is None:
        return
    delivery = store.delivery_of_message(tx, channel, message_id)
    if delivery is None:
        return
    now = services.clock.now()
    if status == DELIVERED:
        store.finish(tx, delivery["id"], store.SENT, now)
        store.advance(tx, delivery["id"], DELIVERED, now)
        return
    failed = status == store.FAILED
    finished = store.finish(
        tx,
        delivery["id"],
        status,
        now,
        reason=None if failed or status == store.SENT else reason,
        error=reason if failed else None,
    )
    if finished and status != store.SENT:
        push_outcome.fall_back(tx, services, delivery["notification_id"], channel)


def notify_of_undelivered_sms(tx: Tx, services: Services, sms: Row, reason: str) -> None:
    """Put what the SMS says into the inbox, and push it if that is still in time."""
    if workspace.find_user(tx, sms["user_id"]) is None:
        return
    in_time = sms["expires_at"] is None or sms["expires_at"] > to_text(services.clock.now())
    notify(
        tx,
        services,
        user_id=sms["user_id"],
        event_type="sms.undelivered",
        payload={"smsId": sms["id"], "text": sms["message"], "error": reason},
        channels=None if in_time else ("in_app",),
        correlation_id=sms["correlation_id"],
        once_key=f"sms-undelivered-{sms['id']}",
    )
