"""The caller's address from trusted proxies."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from handlers.server.http.client_address import TrustedProxies

PROXIES = [ip_network(each) for each in ("10.0.0.0/8", "127.0.0.1", "fd00::/8")]


async def _receive() -> Message:
    raise AssertionError


async def _send(_message: Message) -> None:
    raise AssertionError


def _seen(scope: dict[str, Any]) -> Scope:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    asyncio.run(TrustedProxies(app, PROXIES)(scope, _receive, _send))
    return seen[0]


def _remote(peer: str, *forwarded: bytes) -> str:
    headers = [(b"host", b"a"), *((b"x-forwarded-for", each) for each in forwarded)]
    client: tuple[str, int] = _seen({"type": "http", "client": (peer, 1), "headers": headers})["client"]
    return client[0]


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
def test_the_first_from_the_right_that_is_no_proxy_is_the_caller(
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
    "scope",
    [
        {"type": "lifespan"},
        {"type": "http", "client": None, "headers": [(b"x-forwarded-for", b"203.0.113.7")]},
        {"type": "http", "client": ("127.0.0.1", 4711), "headers": []},
    ],
    ids=["lifespan", "no peer", "no header"],
)
def test_other_scopes_are_unchanged(scope: dict[str, Any]) -> None:
    """A scope that is not a request, or has no peer or no such header, is passed on unchanged."""
    assert _seen(scope) == scope
