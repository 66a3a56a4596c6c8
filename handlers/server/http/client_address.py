"""The caller's address, which trusted proxies give in X-Forwarded-For or Forwarded (`[server] trusted_proxies`).

A peer at a Unix socket has no address. It is a trusted proxy, because the mode of the socket lets nobody else connect.

This replaces uvicorn's `ProxyHeadersMiddleware`, because that one accepts any text as an address. It also does not
recognise an IPv4 address that an IPv6 socket shows as `::ffff:10.0.0.1`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.http.forwarded import nodes, parse_node
from handlers.snap.networks import Address, Network, contains, plain

CALLER = "snap_token.caller"
"""The key of the caller's address in the scope. It is None if nobody that we trust gives the address."""

_X_FORWARDED_FOR = b"x-forwarded-for"
_FORWARDED = b"forwarded"
_HEADERS = frozenset({_X_FORWARDED_FOR, _FORWARDED})
_CACHE_SIZE = 128

UNIX = "unix"
"""The address of a peer at a Unix socket, for the log."""

_Lines = tuple[tuple[bytes, bytes], ...]
_Parse = Callable[[str], Address]


class Caller(NamedTuple):
    """`remote` is the address for the log. `address` is the address for decisions, or None if it is unknown."""

    remote: str
    address: Address | None


class TrustedProxies:
    """ASGI middleware that finds the address of the caller behind trusted proxies."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network], *, direct: bool, unix: bool = False) -> None:
        """`trusted` are the networks of the trusted proxies.

        `direct` says whether callers may connect without a proxy. The address of the connection is then the caller's,
        unless it is the address of a trusted proxy. `unix` says that the listener is a Unix socket. This cannot be read
        from the connection: a client that leaves at once over TCP has no address either.
        """
        self._app = app
        self._trusted = trusted
        self._direct = direct
        self._unix = unix
        self._caller = lru_cache(_CACHE_SIZE)(self._find_caller)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace the client address of one request. The port becomes 0, because the caller's port is unknown."""
        peer = (UNIX, 0) if self._unix else scope.get("client")
        if peer and scope["type"] == "http":
            headers = scope["headers"] if self._trusted or self._unix else ()
            lines = tuple(line for line in headers if line[0] in _HEADERS)
            caller = self._caller(peer[0], lines)
            client = (caller.remote, 0) if lines else peer
            scope = {**scope, "client": client, CALLER: caller.address}
        await self._app(scope, receive, send)

    def _find_caller(self, peer: str, lines: _Lines) -> Caller:
        """Ask each header that is there. If the two do not agree, the address is unknown.

        Otherwise a caller could send the header that its proxy does not set.
        """
        if self._unix:
            return self._behind(Caller(UNIX, None), lines)
        try:
            address = _parse_address(peer)
        except ValueError:
            return Caller(peer, None)
        if not contains(self._trusted, address):
            return Caller(str(address), address if self._direct else None)
        return self._behind(Caller(str(address), address), lines)

    def _behind(self, proxy: Caller, lines: _Lines) -> Caller:
        """The caller that the headers of this proxy give."""
        callers = [self._follow(proxy, hops, parse) for hops, parse in _chains(lines)]
        remote = callers[0].remote if callers else proxy.remote
        return Caller(remote, callers[0].address if len({each.address for each in callers}) == 1 else None)

    def _follow(self, proxy: Caller, hops: Iterable[str], parse: _Parse) -> Caller:
        """The first address from the right that is not a trusted proxy. Each proxy appends its peer's address.

        The search ends at text that is not an address. The address is then unknown, and the log shows the proxy that
        sent this text.
        """
        caller = proxy
        for hop in hops:
            try:
                address = parse(hop)
            except ValueError:
                return Caller(caller.remote, None)
            caller = Caller(str(address), address)
            if not contains(self._trusted, address):
                break
        return caller


def _chains(lines: _Lines) -> Iterator[tuple[Iterable[str], _Parse]]:
    """The hops in each header, the last proxy's first, and the function that reads one."""
    names = {name for name, _ in lines}
    if _X_FORWARDED_FOR in names:
        yield reversed(_value(lines, _X_FORWARDED_FOR).split(",")), _parse_address
    if _FORWARDED in names:
        yield _forwarded_hops(_value(lines, _FORWARDED)), parse_node


def _value(lines: _Lines, header: bytes) -> str:
    """The whole list. Several header lines are one list (RFC 9110, section 5.2)."""
    return b",".join(value for name, value in lines if name == header).decode("latin-1")


def _forwarded_hops(value: str) -> list[str]:
    """The hops. A header that cannot be read has one hop without an address."""
    try:
        return nodes(value)[::-1]
    except ValueError:
        return [""]


def _parse_address(hop: str) -> Address:
    """Parse an address with or without a port, as in Forwarded. An IPv6 address without a port may lack its brackets.

    Raises:
        ValueError: The text is not an address, or the address has an IPv6 zone.
    """
    hop = hop.strip(" \t")
    has_port_or_brackets = hop.startswith("[") or hop.count(":") == 1
    return parse_node(hop) if has_port_or_brackets else plain(ip_address(hop))
