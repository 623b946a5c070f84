"""The cookie of the users' page: its name, and how browsers are told to guard it."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from litestar import Response


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Holds a session's token; no script can read it, and no other site can make it be sent.

    Each instance has a name of its own, since browsers keep cookies by host and not by port.
    Behind https the name starts with `__Host-`: browsers take such a cookie over TLS and from
    this very host only (RFC 6265bis, 4.1.3.2), which asks for the path `/`.
    """

    name: str
    path: str
    secure: bool

    @classmethod
    def of(cls, public_url: str, secret: bytes) -> "SessionCookie":
        """The cookie of the instance that has this address and key."""
        base = urlsplit(public_url)
        secure = base.scheme == "https"
        own = hmac.new(secret, b"session cookie", hashlib.sha256).hexdigest()[:12]
        name = f"buildos-box-{own}"
        if secure:
            return cls(f"__Host-{name}", "/", secure)
        return cls(name, base.path or "/", secure)

    def set(self, response: Response[Any], value: str, lasts: timedelta) -> None:
        """Have the browser keep it for so long; no time at all makes it forget."""
        response.set_cookie(
            key=self.name,
            value=value,
            max_age=int(lasts.total_seconds()),
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )
