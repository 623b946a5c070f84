"""Six-digit codes that prove an address: never stored, made again from the instance's key."""

import hashlib
import hmac

TRIES = 5
"""Wrong codes after which a new one has to be asked for."""


def code_of(key: bytes, name: str) -> str:
    """The six digits that go with that name; `name` is used for one code only."""
    digest = hmac.new(key, name.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def is_code(given: str, key: bytes, name: str) -> bool:
    """Whether those are the digits; takes as long for a wrong guess as for a right one."""
    return hmac.compare_digest(given.strip().encode(), code_of(key, name).encode())
