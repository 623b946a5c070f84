"""Addresses whose path or query opens something, shown so that they can be told apart."""

from urllib.parse import urlsplit


def masked_url(url: str) -> str:
    """`scheme://host/…`, with the port if one is given: without user, path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}/…"
