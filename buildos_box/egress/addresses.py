"""Which IP addresses are public, also inside notations that embed another address."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
"""The public unicast range of IPv6; all else is special."""
_SPECIAL_V4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Protocol assignments and 6to4 relays, which some releases of Python call global."""


def read(text: str) -> Address:
    """An IP address without its zone. Raises ValueError."""
    return ip_address(text.partition("%")[0])


def real(address: Address) -> Address:
    """The IPv4 address embedded in a mapped, NAT64 or 6to4 one; any other is returned as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def is_public(address: Address) -> bool:
    """Whether it is a single public host: not private, shared, local, reserved or multicast."""
    address = real(address)
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv6Address):
        return address in _UNICAST
    return not address.is_reserved and not any(address in network for network in _SPECIAL_V4)


class Allowed:
    """The addresses that are not public but may be reached, by the configuration."""

    def __init__(self, allow_private: bool | tuple[str, ...]) -> None:
        self._all = allow_private is True
        names = () if isinstance(allow_private, bool) else allow_private
        self._networks: tuple[Network, ...] = tuple(ip_network(n, strict=False) for n in names)

    def __contains__(self, address: Address) -> bool:
        """`true` does not include link-local addresses, where clouds serve credentials."""
        address = real(address)
        if self._all and not address.is_link_local:
            return True
        return any(address in network for network in self._networks)
