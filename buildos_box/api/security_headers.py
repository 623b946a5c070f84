"""Security headers of every response (docs/spec.md#page-security)."""

from collections.abc import Iterable

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    # Answers are somebody's own, unless they say for themselves that they may be kept.
    b"cache-control": b"no-store",
}


def lacking_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Those that the response has not set itself."""
    own = {name.lower() for name, _ in headers}
    return [pair for pair in HEADERS.items() if pair[0] not in own]
