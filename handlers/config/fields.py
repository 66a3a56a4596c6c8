"""Fields of the settings that are neither numbers nor plain text: folders, URLs and networks."""

from ipaddress import IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, InstanceOf, PlainValidator
from pydantic_settings import NoDecode

from handlers.config.addresses import Network
from handlers.config.capture_folder import require_folder
from handlers.config.key_files import in_folder, read_text
from handlers.state.opening import StateUrl


def _capture_folder(value: object) -> Path:
    if not isinstance(value, str | Path):
        message = "the path of a folder is wanted"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    folder = in_folder(value)
    require_folder(folder)
    return folder


def _state_url(value: object) -> StateUrl:
    if not isinstance(value, str):
        message = "a URL is wanted"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    url = StateUrl(value, in_folder(""))
    for file in url.files:
        read_text(file)
    return url


def _network(value: object) -> Network:
    """A network; an address is a network of one."""
    try:
        network = ip_network(value.strip() if isinstance(value, str) else "")
    except ValueError as error:
        message = "an IP address is wanted, or a network such as 10.0.0.0/8, which has no bits beyond its prefix"
        raise ValueError(message) from error
    if not network.prefixlen:
        message = "it is every address there is: each caller could then choose its own"
        raise ValueError(message)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        message = "it is written as IPv6 and means IPv4; write it as IPv4"
        raise ValueError(message)
    if isinstance(network, IPv6Network) and network.network_address.scope_id is not None:
        message = "it has a zone, and zones are not compared; write an address without %"
        raise ValueError(message)
    return network


def _listed(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


CaptureFolder = Annotated[Path, BeforeValidator(_capture_folder)]

Url = Annotated[InstanceOf[StateUrl], BeforeValidator(_state_url), NoDecode]
"""It is checked, but no connection is made. A variable holds it as it is, not in JSON."""

Networks = Annotated[tuple[Annotated[Network, PlainValidator(_network)], ...], BeforeValidator(_listed), NoDecode]
"""Addresses and networks. A variable holds them separated by commas."""
