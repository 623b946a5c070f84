"""SMS as the API shows them: every field in camelCase, and in snake_case as it is stored."""

from typing import Any

import msgspec

from buildos_box.db import Row
from buildos_box.log import mask_phone
from buildos_box.sms import store


def _column(name: str) -> Any:
    return msgspec.field(name=name)


class SmsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message and its outcome. A viewer sees its number masked.

    `scheduledFor` is `sendAt`, `messageContent` is `message`, `generatedVia` (`given`, `template`
    or `llm`) is `messageSource`, `calendarEventId` is `eventId`. `timezone` is the user's.
    """

    id: str
    user_id: str
    kind: str
    status: str
    reason: str | None
    cancellation_reason: str | None
    """Why it was cancelled or skipped."""
    timezone: str
    event_id: str | None
    calendar_event_id: str | None
    event_title: str | None
    event_start: str | None
    event_start_at: str | None
    event_end: str | None
    phone_number: str | None
    message: str
    message_content: str
    message_source: str
    channel: str
    """`chat` for a reminder that went to the chat."""
    generated_via: str
    send_at: str
    scheduled_for: str
    twilio_sid: str | None
    error_code: int | None
    segments: int | None
    price: str | None
    price_unit: str | None
    sent_at: str | None
    delivered_at: str | None
    created_at: str
    updated_at: str

    in_snake_user_id: str = _column("user_id")
    in_snake_cancellation_reason: str | None = _column("cancellation_reason")
    in_snake_calendar_event_id: str | None = _column("calendar_event_id")
    in_snake_event_title: str | None = _column("event_title")
    in_snake_event_start: str | None = _column("event_start")
    in_snake_event_end: str | None = _column("event_end")
    in_snake_phone_number: str | None = _column("phone_number")
    in_snake_message_content: str = _column("message_content")
    in_snake_generated_via: str = _column("generated_via")
    in_snake_scheduled_for: str = _column("scheduled_for")
    in_snake_twilio_sid: str | None = _column("twilio_sid")
    in_snake_error_code: int | None = _column("error_code")
    in_snake_sent_at: str | None = _column("sent_at")
    in_snake_delivered_at: str | None = _column("delivered_at")
    in_snake_created_at: str = _column("created_at")
    in_snake_updated_at: str = _column("updated_at")

    @classmethod
    def of(cls, row: Row, timezone: str, *, masked: bool = False) -> "SmsView":
        """The view of one row, its number `masked` or not; `timezone` is its user's."""
        values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a row is no dict
        if values["phone_number"] and masked:
            values["phone_number"] = mask_phone(values["phone_number"])
        ended = values["status"] in (store.CANCELLED, store.SKIPPED)
        values |= {
            "timezone": timezone,
            "cancellation_reason": values["reason"] if ended else None,
            "calendar_event_id": values["event_id"],
            "event_start": values["event_start_at"],
            "event_end": values["event_end_at"],
            "message_content": values["message"],
            "generated_via": values["message_source"],
            "scheduled_for": values["send_at"],
        }
        return cls(
            **{name: values[name.removeprefix("in_snake_")] for name in cls.__struct_fields__}
        )


class SmsList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of messages, those due first at its start. `data` and `messages` are the same list."""

    success: bool = True
    count: int
    messages: list[SmsView]
    data: list[SmsView]
    next_cursor: str | None = None
