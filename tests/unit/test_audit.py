"""The audit lines."""

import pytest

from handlers.server.audit import Caller
from tests.merchant import NOON, Merchant
from tests.nicepay import Nicepay, jakarta

KEY, TIME = b"x-client-key", b"x-timestamp"


@pytest.mark.parametrize(
    ("headers", "client_key", "skew"),
    [
        ([(KEY, b"IONPAYTEST"), (TIME, jakarta(NOON).encode())], "IONPAYTEST", -0.25),
        ([], None, None),
        ([(KEY, b"A"), (KEY, b"A"), (TIME, b"2026-01-22T05:00:00Z"), (TIME, b"2026-01-22T05:00:00Z")], None, None),
        ([(KEY, b"a b"), (TIME, b"noon")], None, None),
        ([(KEY, b"x" * 37), (TIME, b"2026-01-22T12:00:00")], None, None),
        ([(KEY, b""), (TIME, b"")], None, None),
        ([(TIME, b"1000-01-01T00:00:00Z")], None, -32379282001.25),
    ],
    ids=["both", "neither", "twice", "malformed", "too long, without offset", "empty", "long ago"],
)
def test_what_a_request_says_of_its_sender(
    headers: list[tuple[bytes, bytes]], client_key: str | None, skew: float | None
) -> None:
    """Client key and skew are told if they are well-formed and single, and are None otherwise."""
    assert Caller.of(headers, NOON) == Caller(client_key, skew)


def test_a_suspect_clock_is_told_beside_the_refusal(merchant: Merchant, nicepay: Nicepay) -> None:
    """The third refusal in a row by clients off alike is followed by a line that suspects our own clock."""
    stale = jakarta(NOON.replace(hour=4))
    for _ in range(4):
        merchant.ask(nicepay, stale)
    merchant.ask(nicepay)
    lines = merchant.log()
    assert [line["event"] for line in lines] == [
        *["token.refused"] * 3,
        "clock.suspect",
        "token.refused",
        "token.issued",
    ]
    assert lines[3]["clients_are_ahead_by_seconds"] == -3600.25
    assert "time server" in lines[3]["advice"]
