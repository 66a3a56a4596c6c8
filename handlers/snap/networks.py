"""IP addresses, and the networks from which a client may send its requests."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def contains(networks: Sequence[Network], address: Address | None) -> bool:
    """Whether one of the networks contains the address. An unknown address (None) is in no network."""
    return address is not None and any(address in network for network in networks)


def plain(address: Address) -> Address:
    """The address, as IPv4 if it is an IPv4-mapped IPv6 address such as `::ffff:10.0.0.1` (RFC 4291, section 2.5.5.2).

    Raises:
        ValueError: The address has an IPv6 zone.
    """
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        message = "an address with an IPv6 zone"
        raise ValueError(message)
    return address.ipv4_mapped or address
