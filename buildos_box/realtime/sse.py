"""Encodes server-sent events (WHATWG HTML, section 9.2)."""

from typing import Any

import msgspec

HEARTBEAT = b": heartbeat\n\n"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The content of an event's `data:`, as JSON on one line."""

    type: str
    user_id: str | None
    at: str
    correlation_id: str | None
    data: msgspec.Raw


def event(
    *,
    event_id: int | None,
    type: str,  # noqa: A002 (the field's name on the wire)
    user_id: str | None,
    at: str,
    correlation_id: str | None,
    data: str,
) -> bytes:
    """One encoded event; one without an id is not stored and cannot be resumed from."""
    envelope = Envelope(
        type=type,
        user_id=user_id,
        at=at,
        correlation_id=correlation_id,
        data=msgspec.Raw(data.encode()),
    )
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return b"%sevent: %s\ndata: %s\n\n" % (head, type.encode(), msgspec.json.encode(envelope))


def opening(position: int, retry_ms: int) -> bytes:
    """The start of a stream: the retry delay, and the id that it resumes from."""
    return b"retry: %d\nid: %d\n\n" % (retry_ms, position)


def closing(why: str, retry_ms: int) -> bytes:
    """The last event of a stream that the server ends."""
    return b": %s\nretry: %d\n\n" % (why.encode(), retry_ms)


def reset(position: int, at: str) -> bytes:
    """Some missed events are no longer stored: the client has to read the present state."""
    data: dict[str, Any] = {"reason": "the events after that id are no longer all stored"}
    return event(
        event_id=position,
        type="reset",
        user_id=None,
        at=at,
        correlation_id=None,
        data=msgspec.json.encode(data).decode(),
    )
