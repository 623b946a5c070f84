"""The client's address, also behind trusted proxies."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection

IPV6_PREFIX = 64
"""A household or server has a whole /64, so single addresses would count nothing."""


class ClientAddresses:
    """Knows the trusted proxies. Raises ValueError for an invalid network."""

    def __init__(self, trusted_proxies: Iterable[str] = ()) -> None:
        self._trusted = tuple(ip_network(text, strict=False) for text in trusted_proxies)

    def of(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        """The client's address: the last one that no trusted proxy has vouched for.

        `X-Forwarded-For` counts only as far as trusted proxies have written it.
        """
        peer = connection.client.host if connection.client else ""
        if not self.is_trusted(peer):
            return address_group(peer)
        forwarded = ",".join(connection.headers.getall("x-forwarded-for", []))
        for hop in reversed([text.strip() for text in forwarded.split(",") if text.strip()]):
            peer = hop
            if not self.is_trusted(hop):
                break
        return address_group(peer)

    def is_trusted(self, address: str) -> bool:
        """Whether it is a trusted proxy."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(_holds(network, found) for network in self._trusted)


def _holds(network: IPv4Network | IPv6Network, address: Any) -> bool:
    return bool(address.version == network.version and address in network)


def address_group(address: str) -> str:
    """The group that an address counts in: itself, or its /64 for IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((int(found), IPV6_PREFIX), strict=False))
    return str(found)
