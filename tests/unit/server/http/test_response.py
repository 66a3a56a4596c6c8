"""The HTTP response."""

import asyncio
from typing import Any

import pytest

from handlers.server.http.response import Response, Result
from tests.merchant import NOON


def _sent(answer: Response) -> tuple[int, dict[str, str], bytes]:
    messages: list[Any] = []

    async def send(message: object) -> None:
        messages.append(message)

    asyncio.run(answer.send(send, NOON, "id", None))
    start, body = messages
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


def test_a_body_is_json() -> None:
    """A body is sent as JSON with its Content-Type, also an empty object."""
    status, headers, body = _sent(Response.of({}))
    assert (status, body) == (200, b"{}")
    assert (headers["content-type"], headers["content-length"]) == ("application/json", "2")


def test_bytes_are_sent_as_they_are() -> None:
    """Bytes have the Content-Type that comes with them, and no second one."""
    status, headers, body = _sent(Response.of((b"a 1.0\n", {"Content-Type": "text/plain"})))
    assert (status, body) == (200, b"a 1.0\n")
    assert (headers["content-type"], headers["content-length"]) == ("text/plain", "6")


def test_no_body_has_no_media_type() -> None:
    """An answer without a body has no Content-Type, and the headers that it was given."""
    status, headers, body = _sent(Response.of((None, {"X-Client-Key": "IONPAYTEST"})))
    assert (status, body) == (200, b"")
    assert (headers["content-length"], headers["x-client-key"]) == ("0", "IONPAYTEST")
    assert "content-type" not in headers


def test_a_result_can_have_a_status() -> None:
    """A handler function can return a body with a status, and then decides nothing else."""
    assert _sent(Response.of(({"status": "down"}, 503)))[::2] == (503, b'{"status":"down"}')


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (({}, 503), "503"),
        ({"responseCode": "2007300"}, "2007300"),
        ({}, "200"),
        ((None, {}), "200"),
        ((b"a", {}), "200"),
    ],
)
def test_the_code_of_an_answer(result: Result, code: str) -> None:
    """The log code is the responseCode, or the status if there is none."""
    assert Response.of(result).code == code
