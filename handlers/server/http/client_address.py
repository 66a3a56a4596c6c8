"""The caller's address, as trusted proxies give it (`[server] trusted_proxies`).

uvicorn's `ProxyHeadersMiddleware` is not used: it accepts any text as an address, and does not recognise an IPv4
address that a socket for IPv6 shows as `::ffff:10.0.0.1`.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.config.addresses import Address, Network

_HEADER = b"x-forwarded-for"
_REMEMBERED = 128


class TrustedProxies:
    """A layer that replaces the proxy's address by the caller's."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        """`trusted` are the networks that the proxies are in."""
        self._app = app
        self._trusted = trusted
        self._caller = lru_cache(_REMEMBERED)(self._found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace the address of one request. The caller's port is not known."""
        peer = scope.get("client")
        forwarded = [value for name, value in scope.get("headers", ()) if name == _HEADER]
        if peer and forwarded:
            scope = {**scope, "client": (self._caller(peer[0], b",".join(forwarded)), 0)}
        await self._app(scope, receive, send)

    def _found(self, peer: str, forwarded: bytes) -> str:
        """Each proxy adds its peer's address at the right. From the right, the first that is no proxy is the caller.

        Text that is no address ends the search: then the proxy that sent it is the result.
        """
        caller = peer
        for address in _addresses([peer, *reversed(forwarded.decode("latin-1").split(","))]):
            caller = str(address)
            if not any(address in network for network in self._trusted):
                break
        return caller


def _addresses(hops: Iterable[str]) -> Iterator[Address]:
    """The addresses, up to the first text that is none."""
    for hop in hops:
        try:
            yield _address(hop.strip(" \t"))
        except ValueError:
            return


def _address(hop: str) -> Address:
    """With a port or without, an IPv6 address in brackets or without; ValueError if it is none, or has a zone."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    address = ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        raise ValueError(hop)
    return address.ipv4_mapped or address
