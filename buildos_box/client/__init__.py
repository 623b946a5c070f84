"""A typed client of a box's HTTP API, for the command line and the terminal dashboard."""

from buildos_box.client.client import BoxClient, BoxRefused, BoxUnreachable, url_path

__all__ = ["BoxClient", "BoxRefused", "BoxUnreachable", "url_path"]
