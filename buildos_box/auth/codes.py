"""Six-digit verification codes: never stored, but computed again from the server's key."""

import hashlib
import hmac

TRIES = 5
"""How many wrong codes are allowed before a new one must be requested."""


def code_of(key: bytes, name: str) -> str:
    """The six digits for that name; a `name` is used for one code only."""
    digest = hmac.new(key, name.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def is_code(given: str, key: bytes, name: str) -> bool:
    """Whether the code is right; takes the same time for wrong and right ones."""
    return hmac.compare_digest(given.strip().encode(), code_of(key, name).encode())
