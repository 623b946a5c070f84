"""Addresses whose path or query opens something, shown so that they can be told apart."""

from urllib.parse import urlsplit


def masked_url(url: str) -> str:
    """`scheme://host/…`, with the port if one is given: without user, path and query.

    What stands in the place of a port and is no number is left out: it may be a secret too.
    """
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    try:
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}/…"
