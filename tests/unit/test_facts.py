"""What a request says of its sender."""

import pytest

from handlers.server.facts import of_token_request
from handlers.server.guard import Sent
from tests.merchant import NOON
from tests.nicepay import jakarta

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
    told = of_token_request(Sent.of(headers), NOON)
    assert told == {"client_key": client_key, "clock_skew_seconds": skew}
