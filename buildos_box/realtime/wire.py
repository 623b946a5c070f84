"""Events as lines of a stream (WHATWG HTML, section 9.2: server-sent events)."""

from typing import Any

import msgspec

HEARTBEAT = b": heartbeat\n\n"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What each event's `data:` holds, as JSON on one line."""

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
    """One event; without an id it is not kept, and a listener that was away never sees it."""
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
    """How soon to come back, and from where: a stream can be resumed from its first line on."""
    return b"retry: %d\nid: %d\n\n" % (retry_ms, position)


def closing(why: str, retry_ms: int) -> bytes:
    """The last words of a stream that the box ends."""
    return b": %s\nretry: %d\n\n" % (why.encode(), retry_ms)


def reset(position: int, at: str) -> bytes:
    """Some of what was missed is no longer kept: read the present state afresh."""
    data: dict[str, Any] = {"reason": "the events after that id are no longer all kept"}
    return event(
        event_id=position,
        type="reset",
        user_id=None,
        at=at,
        correlation_id=None,
        data=msgspec.json.encode(data).decode(),
    )
