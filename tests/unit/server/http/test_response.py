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


def test_no_body_has_no_media_type() -> None:
    """An answer without a body has no Content-Type, and the headers that it was given."""
    status, headers, body = _sent(Response.of((None, {"X-Client-Key": "IONPAYTEST"})))
    assert (status, body) == (200, b"")
    assert (headers["content-length"], headers["x-client-key"]) == ("0", "IONPAYTEST")
    assert "content-type" not in headers


@pytest.mark.parametrize(
    ("result", "code"),
    [({"responseCode": "2007300"}, "2007300"), ({}, "200"), ((None, {}), "200")],
)
def test_the_code_of_an_answer(result: Result, code: str) -> None:
    """The log code is the responseCode, or the status if there is none."""
    assert Response.of(result).code == code
