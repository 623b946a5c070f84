"""Security headers of every response (docs/spec.md#page-security)."""

from litestar.types import Message, Scope

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    # Answers are somebody's own, unless they say for themselves that they may be kept.
    b"cache-control": b"no-store",
}


async def add_security_headers(message: Message, _scope: Scope) -> None:
    """Add each header that the response has not set itself.

    It is a hook and not a middleware, which would not see paths without a route.
    """
    if message["type"] == "http.response.start":
        headers = list(message.get("headers", []))
        own = {name.lower() for name, _ in headers}
        message["headers"] = [*headers, *(p for p in HEADERS.items() if p[0] not in own)]
