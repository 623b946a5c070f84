"""Bearer tokens `bos_<id>_<secret>`, of which only a keyed hash is kept (docs/spec.md#api-auth)."""

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from buildos_box.clock import Instant
from buildos_box.ids import Ids, is_outside_id

_TOKEN = re.compile(r"bos_([0-9a-z]{16})_([0-9a-z]{32})")
ADMIN = "admin"
SERVICE = "service"
VIEWER = "viewer"
"""Reads what the service reads, and changes nothing: for example for a public dashboard."""
USER_PREFIX = "user:"
API, SESSION = "api", "session"
"""Where a token was found: the `Authorization` header, or the cookie of the users' page."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token's record; the secret itself is not stored."""

    id: str
    name: str
    scope: str
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    kind: str = API
    issued_by: str | None = None
    """The token that it was opened with; a session is valid only as long as that one."""

    def valid_at(self, now: Instant) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def is_scope(scope: str) -> bool:
    """`admin`, `service`, `viewer` or `user:{id}`."""
    if scope.startswith(USER_PREFIX):
        return is_outside_id(scope.removeprefix(USER_PREFIX))
    return scope in (ADMIN, SERVICE, VIEWER)


def make_token(ids: Ids) -> tuple[str, str]:
    """A new token's id and its full text."""
    token_id = ids.secret(80)
    return token_id, f"bos_{token_id}_{ids.secret(160)}"


def token_id_in(text: str) -> str | None:
    """The id inside a token's text; None if it is not of that form."""
    match = _TOKEN.fullmatch(text)
    return match[1] if match else None


def hash_token(key: bytes, text: str) -> bytes:
    """HMAC-SHA256 of the whole token under the server's key."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def load_key(folder: Path) -> bytes:
    """The server's hashing key, created on first use and readable by its owner only. Raises
    OSError.
    """
    path = folder / "secret.key"
    if not path.exists():
        write_private(path, secrets.token_bytes(32))
    return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Write a file readable by its owner only (0600), completely or not at all. Raises OSError."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
