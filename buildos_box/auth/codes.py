"""Six-digit verification codes: never stored, but computed again from the server's key."""

import hashlib
import hmac
from dataclasses import dataclass

from buildos_box.clock import Instant
from buildos_box.errors import Unprocessable

TRIES = 5
"""How many wrong codes are allowed before a new one must be requested."""


def code_of(key: bytes, name: str) -> str:
    """The six digits for that name; a `name` is used for one code only."""
    digest = hmac.new(key, name.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def is_code(given: str, key: bytes, name: str) -> bool:
    """Whether the code is right; takes the same time for wrong and right ones."""
    return hmac.compare_digest(given.strip().encode(), code_of(key, name).encode())


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that was sent, until when it may be given, and how many wrong ones came."""

    name: str
    expires_at: Instant
    tries: int


def check(given: str, key: bytes, sent: OpenCode | None, now: Instant) -> bool:
    """Whether it is the code that was sent. False is a wrong one, for the caller to count: that
    must be committed before `wrong` is raised.

    Raises Unprocessable (nothing was sent, it has expired, too many wrong ones).
    """
    if sent is None or now >= sent.expires_at:
        raise Unprocessable.field("code", "no code was requested, or it has expired")
    if sent.tries >= TRIES:
        raise Unprocessable.field("code", "too many wrong codes; request a new one")
    return is_code(given, key, sent.name)


def wrong() -> Unprocessable:
    """What is said of a wrong code."""
    return Unprocessable.field("code", "is not the code that was sent")
