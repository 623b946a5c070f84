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
    """One delivery over one channel, or to one browser."""

    id: str
    notification_id: str
    user_id: str
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

    @classmethod
    def of(cls, row: Row) -> "DeliveryView":
        """The view of one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__struct_fields__}
        return cls(**values)
