"""The caller's address from the X-Forwarded-For header of trusted proxies (`[server] trusted_proxies`).

This replaces uvicorn's `ProxyHeadersMiddleware`, because that one accepts any text as an address. It also does not
recognise an IPv4 address that an IPv6 socket shows as `::ffff:10.0.0.1`.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.config.addresses import Address, Network

_HEADER = b"x-forwarded-for"
_CACHE_SIZE = 128


class TrustedProxies:
    """ASGI middleware that replaces the address of a trusted proxy by the address of the caller."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        """`trusted` are the networks of the trusted proxies."""
        self._app = app
        self._trusted = trusted
        self._caller = lru_cache(_CACHE_SIZE)(self._find_caller)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace the client address of one request. The port becomes 0, because the caller's port is unknown."""
        peer = scope.get("client")
        forwarded = [value for name, value in scope.get("headers", ()) if name == _HEADER]
        if peer and forwarded:
            scope = {**scope, "client": (self._caller(peer[0], b",".join(forwarded)), 0)}
        await self._app(scope, receive, send)

    def _find_caller(self, peer: str, forwarded: bytes) -> str:
        """The first address from the right that is not a trusted proxy. Each proxy appends its peer's address.

        The search ends at text that is not an address. The result is then the proxy that sent this text.
        """
        caller = peer
        for address in _addresses([peer, *reversed(forwarded.decode("latin-1").split(","))]):
            caller = str(address)
            if not any(address in network for network in self._trusted):
                break
        return caller


def _addresses(hops: Iterable[str]) -> Iterator[Address]:
    """The addresses, up to the first text that is not an address."""
    for hop in hops:
        try:
            yield _parse_address(hop.strip(" \t"))
        except ValueError:
            return


def _parse_address(hop: str) -> Address:
    """Parse an address with or without a port. An IPv6 address may be in brackets.

    Raises:
        ValueError: The text is not an address, or the address has an IPv6 zone.
    """
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    address = ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        raise ValueError(hop)
    return address.ipv4_mapped or address
