"""Links of a mail: its pixel, its clicks (`tracking_routes` serves both), and unsubscribing.

Links that act without signing in are `signed_links`. All begin with `server.base_url`.
"""

import hashlib
import hmac
from urllib.parse import quote


def unsubscribe_token(secret: bytes, email_id: str) -> str:
    """128 bits that only this server can compute, the same each time the mail is rendered."""
    digest = hmac.new(secret, f"unsubscribe:{email_id}".encode(), hashlib.sha256)
    return digest.hexdigest()[:32]


def open_url(base_url: str, tracking_id: str) -> str:
    """The pixel's address."""
    return f"{base_url}/email/track/open/{tracking_id}"


def click_url(base_url: str, tracking_id: str, url: str) -> str:
    """The address that leads to `url` and counts the click."""
    return f"{base_url}/email/track/click/{tracking_id}?url={quote(url, safe='')}"


def unsubscribe_url(base_url: str, token: str) -> str:
    """The page and the one-click target of RFC 8058."""
    return f"{base_url}/unsubscribe/{token}"
