"""A typed client of the HTTP API, for the command line and the dashboard."""

from buildos_box.client.client import BoxClient, BoxRefused, BoxUnreachable, url_path
from buildos_box.client.live import LiveClient
from buildos_box.client.stream import BoxEvent

__all__ = ["BoxClient", "BoxEvent", "BoxRefused", "BoxUnreachable", "LiveClient", "url_path"]
