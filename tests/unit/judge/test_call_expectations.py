"""Expectations of the answer to a call."""

import pytest

from handlers.judge.call_expectations import if_refused, refused, response_code, served
from handlers.judge.exchange import Answer, Request
from tests.merchant import NOON


def _answer(status: int, body: bytes = b"") -> Answer:
    return Answer(Request(()), NOON, status, body=body)


@pytest.mark.parametrize(("status", "is_served"), [(200, True), (204, True), (199, False), (302, False), (401, False)])
def test_any_2xx_is_served(status: int, is_served: bool) -> None:  # noqa: FBT001  a table
    """The service may answer with any 2xx and any body."""
    assert (not served(_answer(status, b"own"))) == is_served


@pytest.mark.parametrize(
    ("status", "is_refused"),
    [(400, True), (401, True), (499, True), (200, False), (302, False), (429, False), (500, False)],
)
def test_only_4xx_is_a_refusal(status: int, is_refused: bool) -> None:  # noqa: FBT001  a table
    """A refusal is 4xx. 429 says nothing about the call, and 5xx means that the endpoint failed."""
    assert (not refused(_answer(status))) == is_refused


@pytest.mark.parametrize(
    ("status", "code", "service_code", "is_right"),
    [
        (401, "4012400", "24", True),
        (401, "4019900", "", True),
        (401, "4012500", "24", False),
        (400, "4012400", "24", False),
        (401, "401xx00", "", False),
        (401, "40124001", "24", False),
        (401, "", "24", False),
        (200, "", "24", True),
    ],
)
def test_the_code_of_a_refusal_has_seven_digits(
    status: int,
    code: str,
    service_code: str,
    is_right: bool,  # noqa: FBT001  a table
) -> None:
    """The code is HTTP status, service code and case code. A call that is not refused is another scenario's finding."""
    expectation = response_code(service_code, "401xx00")
    found = expectation(_answer(status, b'{"responseCode":"%s"}' % code.encode()))
    assert (not found) == is_right
    assert not found or f"expected 401{service_code or 'xx'}00, got HTTP {status}" in found


def test_only_refusals_are_held_against_an_expectation() -> None:
    """An answer of the service itself needs no SNAP body."""
    expectation = if_refused(lambda _answer: "found")
    assert (expectation(_answer(200)), expectation(_answer(401))) == ("", "found")
