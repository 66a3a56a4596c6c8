"""The log fields of a request."""

import pytest

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.request_fields import of_call, of_token_request
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
def test_fields_of_a_token_request(
    headers: list[tuple[bytes, bytes]], client_key: str | None, skew: float | None
) -> None:
    """Client key and clock skew are given if they are valid and single, and are None otherwise."""
    reported = of_token_request(RequestHeaders.of(headers), NOON)
    assert reported == {"client_key": client_key, "clock_skew_seconds": skew}


CALL = {
    b"x-partner-id": b"PARTNER",
    b"x-external-id": b"what?is=this",
    b"x-original-method": b"POST",
    b"x-original-uri": b"/a/b;c?token=secret",
    b"x-timestamp": jakarta(NOON).encode(),
}
TOLD = {
    "partner_id": "PARTNER",
    "external_id": "what?is=this",
    "method": "POST",
    "path": "/a/b;c",
    "clock_skew_seconds": -0.25,
}


def test_fields_of_a_call() -> None:
    """The fields have the sender, the method and the path without the query."""
    assert of_call(RequestHeaders.of(list(CALL.items())), NOON) == TOLD
    assert of_call(RequestHeaders.of([]), NOON) == {}


@pytest.mark.parametrize("name", CALL)
def test_repeated_headers_of_a_call_are_left_out(name: bytes) -> None:
    """A repeated header is left out, and the other fields stay."""
    assert len(of_call(RequestHeaders.of([*CALL.items(), (name, CALL[name])]), NOON)) == len(TOLD) - 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-partner-id", b"a b"),
        (b"x-partner-id", b"a" * 37),
        (b"x-external-id", b"a" * 41),
        (b"x-external-id", b"\xe9"),
        (b"x-original-method", b"post"),
        (b"x-original-method", b"A" * 17),
        (b"x-original-uri", b"http://a/"),
        (b"x-original-uri", b"/\x1b[0m"),
        (b"x-original-uri", b"/" + b"a" * 256),
        (b"x-timestamp", b"noon"),
    ],
)
def test_malformed_headers_of_a_call_are_left_out(name: bytes, value: bytes) -> None:
    """A caller cannot write any text, or long text, into the log."""
    assert len(of_call(RequestHeaders.of(list({**CALL, name: value}.items())), NOON)) == len(TOLD) - 1
