"""The caller's address from trusted proxies."""

import asyncio
import tracemalloc
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from handlers.server.http.client_address import CALLER, TrustedProxies
from handlers.snap.networks import Network

PROXIES = [ip_network(each) for each in ("10.0.0.0/8", "127.0.0.1", "fd00::/8")]


async def _receive() -> Message:
    raise AssertionError


async def _send(_message: Message) -> None:
    raise AssertionError


def _seen(
    scope: dict[str, Any], *, trusted: Sequence[Network] = PROXIES, direct: bool = True, unix: bool = False
) -> Scope:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    asyncio.run(TrustedProxies(app, trusted, direct=direct, unix=unix)(scope, _receive, _send))
    return seen[0]


def _request(peer: str, *lines: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "client": (peer, 1), "headers": [(b"host", b"a"), *lines]}


def _remote(peer: str, *forwarded: bytes) -> str:
    client: tuple[str, int] = _seen(_request(peer, *((b"x-forwarded-for", each) for each in forwarded)))["client"]
    return client[0]


def _address(peer: str, *lines: tuple[bytes, bytes], direct: bool = False) -> str | None:
    """The address for decisions, as text."""
    address = _seen(_request(peer, *lines), direct=direct)[CALLER]
    return address and str(address)


def _x(value: bytes) -> tuple[bytes, bytes]:
    return b"x-forwarded-for", value


def _f(value: bytes) -> tuple[bytes, bytes]:
    return b"forwarded", value


@pytest.mark.parametrize(
    ("peer", "forwarded", "remote"),
    [
        ("127.0.0.1", [b"203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", [b"198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", [b"198.51.100.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", [b"198.51.100.1", b"203.0.113.7,10.1.2.3", b"10.9.9.9"], "203.0.113.7"),
        ("10.200.0.1", [b"203.0.113.7:4711"], "203.0.113.7"),
        ("fd00::1", [b"2001:DB8::0:7"], "2001:db8::7"),
        ("fd00::1", [b"[2001:db8::7]:4711"], "2001:db8::7"),
        ("fd00::1", [b" [2001:db8::7]\t"], "2001:db8::7"),
        ("::ffff:10.0.0.1", [b"::ffff:203.0.113.7"], "203.0.113.7"),
    ],
)
def test_the_caller_is_the_rightmost_address_that_is_not_a_proxy(
    peer: str, forwarded: list[bytes], remote: str
) -> None:
    """Each proxy appends its peer. Addresses further left come from the caller and are not trusted."""
    assert _remote(peer, *forwarded) == remote


@pytest.mark.parametrize(
    ("peer", "forwarded", "remote"),
    [
        ("203.0.113.7", [b"198.51.100.1"], "203.0.113.7"),
        ("203.0.113.7", [b"127.0.0.1"], "203.0.113.7"),
        ("::1", [b"198.51.100.1"], "::1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [b"10.0.0.2, 10.0.0.3"], "10.0.0.2"),
    ],
)
def test_an_untrusted_caller_cannot_set_its_address(peer: str, forwarded: list[bytes], remote: str) -> None:
    """The header of a caller that is not a trusted proxy is ignored. A proxy's own request has its own address."""
    assert _remote(peer, *forwarded) == remote


@pytest.mark.parametrize(
    "garbage",
    [
        *(b"", b"unknown", b"_hidden", b"for=1.2.3.4", b"1.2.3", b"1.2.3.4.5", b"01.2.3.4", b"fe80::1%\x1b[31m"),
        *(b"\xff", b"[::1", b"1:2", b"merchant.example", b'{"a":1}', b"203.0.113.7 ,", b"a" * 10_000),
    ],
)
def test_invalid_addresses_are_ignored(garbage: bytes) -> None:
    """At text that is not an address, the result is the proxy that sent it."""
    assert _remote("127.0.0.1", garbage) in {"127.0.0.1", "::1"}
    assert _remote("127.0.0.1", garbage + b", 10.0.0.9") in {"10.0.0.9", "::1"}
    assert _remote("127.0.0.1", garbage + b", 203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        ([_x(b"203.0.113.7")], "203.0.113.7"),
        ([_x(b"198.51.100.1, 203.0.113.7")], "203.0.113.7"),
        ([_x(b"198.51.100.1"), _x(b"203.0.113.7"), _x(b"10.1.2.3")], "203.0.113.7"),
        ([_x(b"198.51.100.1, ::ffff:203.0.113.7")], "203.0.113.7"),
        ([_x(b"10.0.0.2, 10.0.0.3")], "10.0.0.2"),
        ([_x(b"garbage, 203.0.113.7")], "203.0.113.7"),
        ([_f(b"for=203.0.113.7")], "203.0.113.7"),
        ([_f(b"for=198.51.100.1, for=203.0.113.7;by=10.0.0.1")], "203.0.113.7"),
        ([_f(b"for=198.51.100.1"), _f(b'for="203.0.113.7:4711", for="10.1.2.3"')], "203.0.113.7"),
        ([_f(b'for="[2001:db8::7]:4711"')], "2001:db8::7"),
        ([_x(b"203.0.113.7"), _f(b"for=203.0.113.7")], "203.0.113.7"),
        ([_x(b"198.51.100.1, 203.0.113.7"), _f(b"for=203.0.113.7, for=10.0.0.2")], "203.0.113.7"),
    ],
)
@pytest.mark.parametrize("direct", [True, False])
def test_a_trusted_proxy_gives_the_address(lines: list[tuple[bytes, bytes]], address: str, *, direct: bool) -> None:
    """The address for decisions is the rightmost one that is not a proxy, in X-Forwarded-For or in Forwarded."""
    assert _address("127.0.0.1", *lines, direct=direct) == address


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [_x(b"")],
        [_x(b"unknown")],
        [_x(b"203.0.113.7, unknown")],
        [_x(b"203.0.113.7,")],
        [_x(b"203.0.113.7, , 10.0.0.2")],
        [_x(b"203.0.113.7"), _x(b"")],
        [_x(b"203.0.113.7, fe80::1%eth0")],
        [_x(b"[203.0.113.7]")],
        [_x(b"[2001:db8::7")],
        [_x(b"[2001:db8::7]garbage")],
        [_x(b"[2001:db8::7]:")],
        [_x(b"203.0.113.7:garbage")],
        [_x(b"203.0.113.7:")],
        [_x(b"203.0.113.7\xa0")],
        [_f(b"")],
        [_f(b"for=unknown")],
        [_f(b"for=203.0.113.7, for=unknown")],
        [_f(b"for=203.0.113.7, for=_hidden")],
        [_f(b"for=203.0.113.7, proto=https")],
        [_f(b"for=203.0.113.7,")],
        [_f(b'for=198.51.100.1;x="'), _f(b"for=203.0.113.7")],
        [_f(b"203.0.113.7")],
        [_x(b"203.0.113.7"), _f(b"for=198.51.100.1")],
        [_x(b"203.0.113.7"), _f(b"garbage")],
        [_x(b"unknown"), _f(b"for=203.0.113.7")],
    ],
)
@pytest.mark.parametrize("direct", [True, False])
def test_no_address_is_better_than_a_doubtful_one(lines: list[tuple[bytes, bytes]], *, direct: bool) -> None:
    """Without a header, with text that is no address, or if the two headers disagree, the address is unknown."""
    assert _address("127.0.0.1", *lines, direct=direct) is None


@pytest.mark.parametrize("lines", [[], [_x(b"198.51.100.1")], [_f(b"for=198.51.100.1")]])
@pytest.mark.parametrize(
    ("peer", "address"), [("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"), ("fe80::1%eth0", None)]
)
def test_only_a_direct_caller_has_the_address_of_its_connection(
    lines: list[tuple[bytes, bytes]], peer: str, address: str | None
) -> None:
    """A connection from no trusted proxy gives the caller's address where callers connect directly, else none."""
    assert _address(peer, *lines, direct=True) == address
    assert _address(peer, *lines, direct=False) is None


def test_many_different_headers_need_little_memory() -> None:
    """Callers that send ever new headers cannot fill the memory: only the last addresses are remembered."""

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        """Answer nothing."""

    async def ask_often() -> None:
        middleware = TrustedProxies(app, PROXIES, direct=True)
        for number in range(2_000):
            await middleware(_request("127.0.0.1", _x(b"%8000d" % number)), _receive, _send)
        assert tracemalloc.get_traced_memory()[0] < 4_000_000

    tracemalloc.start()
    try:
        asyncio.run(ask_often())
    finally:
        tracemalloc.stop()


def test_without_trusted_proxies_no_header_counts() -> None:
    """Without trusted proxies, the log and the decisions use the address of the connection."""
    scope = _request("127.0.0.1", _x(b"203.0.113.7"), _f(b"for=203.0.113.7"))
    seen = _seen(scope, trusted=())
    assert (seen["client"], str(seen[CALLER])) == (("127.0.0.1", 1), "127.0.0.1")


def test_the_log_has_the_address_of_either_header() -> None:
    """The log has the address of X-Forwarded-For, or that of Forwarded if there is no other."""
    both = [_x(b"203.0.113.7"), _f(b"for=198.51.100.1")]
    assert _seen(_request("127.0.0.1", *both))["client"] == ("203.0.113.7", 0)
    assert _seen(_request("127.0.0.1", *both[1:]))["client"] == ("198.51.100.1", 0)
    assert _seen(_request("127.0.0.1", _f(b"garbage")))["client"] == ("127.0.0.1", 0)


@pytest.mark.parametrize(
    "scope",
    [{"type": "lifespan"}, {"type": "http", "client": None, "headers": [(b"x-forwarded-for", b"203.0.113.7")]}],
    ids=["lifespan", "no peer"],
)
def test_other_scopes_are_unchanged(scope: dict[str, Any]) -> None:
    """A scope that is not a request, or has no peer such as on a Unix socket, is passed on unchanged."""
    assert _seen(scope) == scope


def _at_socket(*lines: tuple[bytes, bytes], trusted: Sequence[Network] = ()) -> Scope:
    request = {"type": "http", "client": None, "headers": list(lines)}
    return _seen(request, trusted=trusted, direct=False, unix=True)


def test_a_peer_at_a_unix_socket_is_a_trusted_proxy() -> None:
    """Its headers give the address of the caller. Without them the address is unknown, and the log has `unix`."""
    behind = _at_socket(_x(b"198.51.100.1, 203.0.113.7"))
    assert (behind["client"][0], str(behind[CALLER])) == ("203.0.113.7", "203.0.113.7")
    behind = _at_socket(_x(b"203.0.113.7, 10.0.0.1"), trusted=PROXIES)
    assert str(behind[CALLER]) == "203.0.113.7"
    for lines in ((), (_x(b"nonsense"),), (_x(b"203.0.113.7"), _f(b"for=203.0.113.8"))):
        assert _at_socket(*lines)[CALLER] is None
    assert _at_socket()["client"] == ("unix", 0)
    assert _at_socket(_x(b"nonsense"))["client"] == ("unix", 0)


def test_a_peer_over_tcp_that_left_is_no_proxy() -> None:
    """A client can leave before its address is read. Its headers are then not believed."""
    scope = _seen({"type": "http", "client": None, "headers": [_x(b"203.0.113.7")]})
    assert CALLER not in scope


def test_a_start_at_a_unix_socket_has_no_caller() -> None:
    """The messages of the start and the end of a server pass unchanged."""
    assert _seen({"type": "lifespan"}, unix=True) == {"type": "lifespan"}
