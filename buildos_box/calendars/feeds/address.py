"""The address of a calendar as people have it, as one that can be fetched."""

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
"""How each is fetched, the best first: webcal does not say whether it is encrypted."""
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = f"{_PATH_SAFE}?[]"
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a calendar is. `urls` are to be tried in turn."""

    urls: tuple[str, ...]
    username: str | None = None
    password: str | None = None
    """Both as they were written into the address itself."""


def read_address(text: str) -> Address:
    """Read what a person gives: `https:`, `webcal:`, umlauts, a name and password before the host.

    Raises ValueError, in words that fit after the field's name.
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
    """Where a redirect leads; a server may write it with umlauts too. Raises ValueError."""
    parts = urlsplit(urljoin(url, location))
    if parts.username is not None or parts.scheme not in ("http", "https"):
        return urlunsplit(parts)
    return _plain(parts)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: a password is for one of these alone."""
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
    """What is encoded already stays so; a lone percent sign is encoded."""
    return quote(_PERCENT.sub("%25", text), safe=safe)


def _unquoted(text: str | None) -> str | None:
    return None if text is None else unquote(text)
