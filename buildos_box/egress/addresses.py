"""Which addresses are somebody's on the internet, seen through the forms that hide another."""

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
"""All of IPv6 that is handed out to the public; the rest is special in one way or another."""
_SPECIAL_V4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Protocol assignments and 6to4 relays: global by the book in some releases of Python."""


def read(text: str) -> Address:
    """An address as a resolver gives it, without its zone. Raises ValueError."""
    return ip_address(text.partition("%")[0])


def real(address: Address) -> Address:
    """The IPv4 address that a mapped, NAT64 or 6to4 one leads to; any other is itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def is_public(address: Address) -> bool:
    """Whether it is a single host of the internet: not private, shared, local or reserved."""
    address = real(address)
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv6Address):
        return address in _UNICAST
    return not address.is_reserved and not any(address in network for network in _SPECIAL_V4)


class Allowed:
    """What of the addresses that are not public may be reached all the same."""

    def __init__(self, allow_private: bool | tuple[str, ...]) -> None:
        self._all = allow_private is True
        names = () if isinstance(allow_private, bool) else allow_private
        self._networks: tuple[Network, ...] = tuple(ip_network(n, strict=False) for n in names)

    def __contains__(self, address: Address) -> bool:
        """`true` stands for all but link-local ones: clouds hand out their secrets there."""
        address = real(address)
        if self._all and not address.is_link_local:
            return True
        return any(address in network for network in self._networks)
