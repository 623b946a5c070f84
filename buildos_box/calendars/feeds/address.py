"""Reads a calendar's address as users copy it into addresses that can be fetched."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from buildos_box.hostname import to_ascii

LONGEST_URL = 2_000
_SCHEMES = {
    "https": ("https",),
    "http": ("http",),
    "webcals": ("https",),
    "webcal": ("https", "http"),
}
"""The schemes to try for each scheme, the best first: webcal does not say whether
it is encrypted.
"""
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = f"{_PATH_SAFE}?[]"
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Address:
    """A calendar's address; `urls` are tried in turn."""

    urls: tuple[str, ...]
    username: str | None = None
    password: str | None = None
    """The user name and password from the address itself, if any."""


def read_address(text: str) -> Address:
    """The parts of an address as a user gives it: `https:`, `webcal:`, umlauts, a name and password
    before the host.

    Raises ValueError, whose text fits after the field's name.
    """
    text = text.strip()
    if len(text) > LONGEST_URL:
        raise ValueError(f"must be at most {LONGEST_URL:,} characters")
    try:
        parts = urlsplit(text)
        schemes = _SCHEMES.get(parts.scheme.lower())
        if schemes is None or not parts.hostname:
            raise ValueError
        urls = tuple(_plain(parts._replace(scheme=scheme)) for scheme in schemes)
    except ValueError:
        raise ValueError("must be an address like https://example.org/calendar.ics") from None
    return Address(urls, _unquoted(parts.username), _unquoted(parts.password))


def next_hop(url: str, location: str) -> str:
    """The absolute address that a redirect leads to.

    Raises ValueError if it is not a possible address.
    """
    parts = urlsplit(urljoin(url, location))
    if parts.username is not None or parts.scheme not in ("http", "https"):
        return urlunsplit(parts)
    return _plain(parts)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; a password is only ever sent to one of these."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname or "", port


def _plain(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else to_ascii(host)
    port = "" if parts.port is None else f":{parts.port}"
    return urlunsplit(
        (
            parts.scheme,
            f"{host}{port}",
            _quoted(parts.path, _PATH_SAFE) or "/",
            _quoted(parts.query, _QUERY_SAFE),
            "",
        )
    )


def _quoted(text: str, safe: str) -> str:
    """Percent-encode; what is encoded already stays so, and a lone percent sign is encoded."""
    return quote(_PERCENT.sub("%25", text), safe=safe)


def _unquoted(text: str | None) -> str | None:
    return None if text is None else unquote(text)
