"""Headers that tell browsers what not to do with an answer of ours (docs/spec.md#page-security)."""

from litestar.types import Message, Scope

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    # Answers are somebody's own, unless they say for themselves that they may be kept.
    b"cache-control": b"no-store",
}


async def add_security_headers(message: Message, _scope: Scope) -> None:
    """Add each header that the answer has not set for itself.

    A hook and no middleware, since middleware sees nothing of paths that no route has.
    """
    if message["type"] == "http.response.start":
        headers = list(message.get("headers", []))
        own = {name.lower() for name, _ in headers}
        message["headers"] = [*headers, *(p for p in HEADERS.items() if p[0] not in own)]
