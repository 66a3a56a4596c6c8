"""Fields of the settings for folders, URLs and networks."""

from ipaddress import IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, InstanceOf, PlainValidator
from pydantic_settings import NoDecode

from handlers.config.capture_folder import require_folder
from handlers.config.file_content import read_text
from handlers.config.key_files import in_folder
from handlers.snap.networks import Network
from handlers.state.opening import StateUrl


def _capture_folder(value: object) -> Path:
    if not isinstance(value, str | Path):
        message = "must be the path of a folder"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    folder = in_folder(value)
    require_folder(folder)
    return folder


def _state_url(value: object) -> StateUrl:
    if not isinstance(value, str):
        message = "must be a URL"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    url = StateUrl(value, in_folder(""))
    for file in url.files:
        read_text(file)
    return url


def _network_of_proxies(value: object) -> Network:
    return _network(value, "it matches every address, so any caller could forge its address; list only your proxies")


def _network_of_client(value: object) -> Network:
    return _network(value, "it matches every address; leave out allowed_networks to accept requests from everywhere")


def _network(value: object, too_wide: str) -> Network:
    """A network. A single address is a network of one address. `too_wide` is the message for a network of all."""
    try:
        network = ip_network(value.strip() if isinstance(value, str) else "")
    except ValueError as error:
        message = "must be an IP address, or a network such as 10.0.0.0/8, with no bits set after the prefix"
        raise ValueError(message) from error
    if not network.prefixlen:
        raise ValueError(too_wide)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        message = "it is an IPv4 address in IPv6 notation; write it in IPv4 notation"
        raise ValueError(message)
    if isinstance(network, IPv6Network) and network.network_address.scope_id is not None:
        message = "it has an IPv6 zone, which is not supported; write the address without % and the zone"
        raise ValueError(message)
    return network


def _split_at_commas(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


CaptureFolder = Annotated[Path, BeforeValidator(_capture_folder)]

Url = Annotated[InstanceOf[StateUrl], BeforeValidator(_state_url), NoDecode]
"""The URL is checked without connecting. An environment variable contains the plain URL, not JSON."""

Networks = Annotated[
    tuple[Annotated[Network, PlainValidator(_network_of_proxies)], ...], BeforeValidator(_split_at_commas), NoDecode
]
"""Addresses and networks of proxies. An environment variable contains them separated by commas."""

ClientNetwork = Annotated[Network, PlainValidator(_network_of_client)]
"""One address or network of a client."""
