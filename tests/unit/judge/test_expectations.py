"""The expectations of one answer."""

import json

import pytest

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import (
    header_is,
    member_is,
    no_server_error,
    no_token,
    refused_4xx,
    refused_or_closed,
    refused_with,
    refused_with_or_served,
    standard_message,
    summary,
    token_issued,
)
from handlers.judge.scenario import Expectation
from tests.merchant import NOON

PLAIN = Request(())
CUT_OFF = Answer(PLAIN, NOON, failure="closed by the server")
LATE = Answer(PLAIN, NOON, failure="timed out")


def _answer(status: int, **members: object) -> Answer:
    return Answer(PLAIN, NOON, status, body=json.dumps(members).encode())


def _refusal(code: str, message: str = "", status: int | None = None) -> Answer:
    return _answer(status or int(code[:3]), responseCode=code, responseMessage=message)


TOKEN = _answer(200, responseCode="2007300", responseMessage="Successful", accessToken="A" * 100)
UNAUTHORIZED = _refusal("4017300", "Unauthorized. X-SIGNATURE")
BUSY = _refusal("4297300", "Too Many Requests")
FAILED = _refusal("5007300", "General Error")


@pytest.mark.parametrize(
    ("expected", "good", "bad"),
    [
        pytest.param(token_issued, [TOKEN], [UNAUTHORIZED, _answer(200), CUT_OFF], id="token issued"),
        pytest.param(
            refused_with("4017300", "4007301"),
            [UNAUTHORIZED, _refusal("4007301")],
            [TOKEN, _refusal("4007302"), _refusal("4017300", status=200), _answer(401), CUT_OFF],
            id="refused with",
        ),
        pytest.param(
            refused_with_or_served("4017300"), [UNAUTHORIZED, TOKEN], [FAILED, CUT_OFF], id="refused with or served"
        ),
        pytest.param(refused_4xx, [UNAUTHORIZED, _answer(404)], [TOKEN, FAILED, BUSY, CUT_OFF], id="refused 4xx"),
        pytest.param(refused_or_closed, [UNAUTHORIZED, CUT_OFF], [TOKEN, FAILED, LATE], id="refused or closed"),
        pytest.param(no_server_error, [TOKEN, UNAUTHORIZED], [FAILED, BUSY, CUT_OFF, LATE], id="no server error"),
        pytest.param(no_token, [UNAUTHORIZED, _answer(200)], [TOKEN, FAILED, BUSY, LATE], id="no token"),
        pytest.param(
            standard_message("X-TIMESTAMP"),
            [
                _refusal("4007301", "Invalid field format [X-TIMESTAMP]"),
                _refusal("4007302", "Invalid Mandatory Field x-timestamp"),
                _refusal("4017300", "Unauthorized. X-TIMESTAMP"),
                _refusal("4007300", "Bad Request"),
            ],
            [_refusal("4007301", "Invalid Field Format"), _refusal("4007301", "X-TIMESTAMP"), _refusal("4999999", "")],
            id="standard message",
        ),
        pytest.param(
            member_is("tokenType", lambda value: value == "Bearer", "Bearer"),
            [_answer(200, tokenType="Bearer")],
            [_answer(200), _answer(200, tokenType=1), CUT_OFF],
            id="member",
        ),
        pytest.param(
            header_is("Allow", lambda value: value == "POST", "POST"),
            [Answer(PLAIN, NOON, 405, (("allow", "POST"),))],
            [Answer(PLAIN, NOON, 405, (("allow", "GET"),)), Answer(PLAIN, NOON, 405)],
            id="header",
        ),
    ],
)
def test_an_expectation_finds_deviations(expected: Expectation, good: list[Answer], bad: list[Answer]) -> None:
    """An expectation returns nothing for a good answer, and the deviation of a bad one."""
    assert [expected(answer) for answer in good] == [""] * len(good)
    assert all(expected(answer) for answer in bad)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TOKEN, "HTTP 200, 2007300 Successful"),
        (_answer(404), "HTTP 404 without a SNAP body"),
        (LATE, "no answer (timed out)"),
    ],
    ids=["token", "no SNAP body", "no answer"],
)
def test_a_summary_shows_no_token(answer: Answer, expected: str) -> None:
    """A summary has status, code and message, and no token."""
    assert summary(answer) == expected
