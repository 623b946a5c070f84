"""A stream of server-sent events, read line by line."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class BoxEvent:
    """An event of the box. `id` is None for those that are not kept."""

    type: str
    id: str | None = None
    user_id: str | None = None
    at: str = ""
    correlation_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


async def events_in(lines: AsyncIterator[str]) -> AsyncIterator[BoxEvent]:
    """The events in the lines. A block with only an id is an event of type `opened`."""
    kind, event_id, data = "", None, ""
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield _event(kind, event_id, data)
            elif event_id is not None:
                yield BoxEvent("opened", event_id)
            kind, event_id, data = "", None, ""
        elif name == "id":
            event_id = value
        elif name == "event":
            kind = value
        elif name == "data":
            data = f"{data}\n{value}" if data else value


def _event(kind: str, event_id: str | None, text: str) -> BoxEvent:
    body = json.loads(text)
    return BoxEvent(
        type=str(body.get("type") or kind),
        id=event_id,
        user_id=body.get("userId"),
        at=str(body.get("at") or ""),
        correlation_id=body.get("correlationId"),
        data=body.get("data") or {},
    )
