"""The cookie of the users' page: its name and attributes."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from litestar import Response


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie with a session's token; scripts cannot read it, and other sites cannot make a
    browser send it.

    Each server has its own name, since browsers keep cookies by host and not by port. With https
    the name starts with `__Host-`: browsers accept such a cookie only over TLS and from this host
    (RFC 6265bis, 4.1.3.2), which requires the path `/`.
    """

    name: str
    path: str
    secure: bool

    @classmethod
    def of(cls, public_url: str, secret: bytes) -> "SessionCookie":
        """The cookie of the server with this address and key."""
        base = urlsplit(public_url)
        secure = base.scheme == "https"
        own = hmac.new(secret, b"session cookie", hashlib.sha256).hexdigest()[:12]
        name = f"buildos-box-{own}"
        if secure:
            return cls(f"__Host-{name}", "/", secure)
        return cls(name, base.path or "/", secure)

    def set(self, response: Response[Any], value: str, lasts: timedelta) -> None:
        """Let the browser keep it for that long; zero deletes it."""
        response.set_cookie(
            key=self.name,
            value=value,
            max_age=int(lasts.total_seconds()),
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )
