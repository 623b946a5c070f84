"""Links in mails that do one thing for one person without signing in.

A link holds what it is good for, until when, and a signature that only this server can make, so
that nothing is stored before it is used. Opening one never changes anything, since scanners follow
links.

The rules: docs/spec.md#signed-links.
"""

import base64
import hashlib
import hmac
from datetime import timedelta

import msgspec

from buildos_box.clock import Instant

GOOD_FOR = timedelta(days=7)
DONE, BRIEF = "done", "brief"
"""What a link is good for: marking a task as done; reading a day's brief and marking its tasks."""
_SIGNATURE_BYTES = 16
_LONGEST = 1_000


class SignedLink(msgspec.Struct, frozen=True, array_like=True):
    """What a link is good for: its kind, whose, of which task or day, until when (Unix seconds)."""

    kind: str
    user_id: str
    about: str
    expires: int

    @classmethod
    def until(cls, expires: Instant, kind: str, user_id: str, about: str) -> "SignedLink":
        """A link that is good until then."""
        return cls(kind, user_id, about, int(expires.timestamp()))


class LinkRefused(Exception):
    """The link is not good: `forged` or `expired`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def token_of(secret: bytes, link: SignedLink) -> str:
    """The link as text for an address; the same for the same link."""
    payload = msgspec.json.encode(link)
    return f"{_text(payload)}.{_text(_signature(secret, payload))}"


def read_token(secret: bytes, token: str, kind: str, now: Instant) -> SignedLink:
    """What the link is good for. Raises LinkRefused."""
    payload, _, signature = token.partition(".")
    if len(token) > _LONGEST:
        raise LinkRefused("forged")
    try:
        content, signed = _bytes(payload), _bytes(signature)
    except ValueError:
        raise LinkRefused("forged") from None
    # What else decodes to the same bytes is refused too: a link has one spelling, which is stored.
    right = hmac.compare_digest(signed, _signature(secret, content))
    if not right or token != f"{_text(content)}.{_text(signed)}":
        raise LinkRefused("forged")
    link = msgspec.json.decode(content, type=SignedLink)
    if link.kind != kind:
        raise LinkRefused("forged")
    if link.expires <= now.timestamp():
        raise LinkRefused("expired")
    return link


def done_url(base_url: str, token: str) -> str:
    """The page whose button marks a task as done."""
    return f"{base_url}/tap/done/{token}"


def brief_url(base_url: str, token: str) -> str:
    """The page that shows a day's brief."""
    return f"{base_url}/tap/brief/{token}"


def is_signed(base_url: str, url: str) -> bool:
    """Whether it is such a link: its clicks are not tracked, so that it is stored nowhere."""
    return url.startswith(f"{base_url}/tap/")


def _signature(secret: bytes, payload: bytes) -> bytes:
    return hmac.new(secret, b"link:" + payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
