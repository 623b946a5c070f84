"""Addresses whose path or query opens something, shown so that they can be told apart."""

from urllib.parse import urlsplit


def masked_url(url: str) -> str:
    """`scheme://host/…`: without user, port, path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"
