"""URLs of the configuration as they may be shown: without what is secret in them."""

from urllib.parse import urlsplit, urlunsplit

MASK = "********"


def masked_url(url: str) -> str:
    """The URL with its user info and query masked; any other text unchanged."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    if parts.scheme not in ("http", "https"):
        return url
    _, at, host = parts.netloc.rpartition("@")
    netloc = f"{MASK}{at}{host}" if at else parts.netloc
    query = MASK if parts.query else ""
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
