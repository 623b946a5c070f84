"""Notifications and deliveries as the API shows them."""

from typing import Any

import msgspec

from buildos_box.db import Row


class NotificationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One notification of the inbox."""

    id: str
    event_type: str
    title: str
    body: str
    action_url: str
    tag: str
    payload: Any
    read_at: str | None
    correlation_id: str
    created_at: str

    @classmethod
    def of(cls, row: Row) -> "NotificationView":
        """The view of one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__struct_fields__}
        values["payload"] = msgspec.json.decode(row["payload"])
        return cls(**values)


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One delivery over one channel, to one browser, or of one event to a webhook.

    The last four fields are those of the channel `webhook`, whose `subscriptionId` is that of a
    webhook subscription.
    """

    id: str
    notification_id: str | None
    user_id: str | None
    event_type: str
    channel: str
    subscription_id: str | None
    status: str
    reason: str | None
    attempts: int
    provider_id: str | None
    error: str | None
    correlation_id: str
    created_at: str
    updated_at: str
    sent_at: str | None
    event_id: str | None = None
    url: str | None = None
    http_status: int | None = None
    next_attempt_at: str | None = None

    @classmethod
    def of(cls, row: Row) -> "DeliveryView":
        """The view of one row."""
        return cls(**_present(cls, row))

    @classmethod
    def of_webhook(cls, row: Row) -> "DeliveryView":
        """The view of one row of the log of webhooks; the address is masked."""
        given = {"notification_id": None, "channel": "webhook", "url": row["masked_url"]}
        missing = {"reason": None, "provider_id": None}
        return cls(**(_present(cls, row) | given | missing))


def _present(view: type[msgspec.Struct], row: Row) -> dict[str, Any]:
    """The columns of the row that the view has."""
    columns = set(row.keys())
    return {name: row[name] for name in view.__struct_fields__ if name in columns}
