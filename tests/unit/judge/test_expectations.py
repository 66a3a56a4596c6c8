"""What is expected of one answer."""

import json

import pytest

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import (
    header,
    member,
    outcome,
    refused,
    refused_if_at_all,
    says,
    served,
    turned_away,
    turned_away_or_cut_off,
    unfailed,
    unissued,
)
from handlers.judge.scenario import Expectation
from tests.merchant import NOON

PLAIN = Request(())
CUT_OFF = Answer(PLAIN, NOON, failure="closed by the server")
LATE = Answer(PLAIN, NOON, failure="none in time")


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
        pytest.param(served, [TOKEN], [UNAUTHORIZED, _answer(200), CUT_OFF], id="served"),
        pytest.param(
            refused("4017300", "4007301"),
            [UNAUTHORIZED, _refusal("4007301")],
            [TOKEN, _refusal("4007302"), _refusal("4017300", status=200), _answer(401), CUT_OFF],
            id="refused",
        ),
        pytest.param(refused_if_at_all("4017300"), [UNAUTHORIZED, TOKEN], [FAILED, CUT_OFF], id="refused if at all"),
        pytest.param(turned_away, [UNAUTHORIZED, _answer(404)], [TOKEN, FAILED, BUSY, CUT_OFF], id="turned away"),
        pytest.param(turned_away_or_cut_off, [UNAUTHORIZED, CUT_OFF], [TOKEN, FAILED, LATE], id="or cut off"),
        pytest.param(unfailed, [TOKEN, UNAUTHORIZED], [FAILED, BUSY, CUT_OFF, LATE], id="unfailed"),
        pytest.param(unissued, [UNAUTHORIZED, _answer(200)], [TOKEN, FAILED, BUSY, LATE], id="unissued"),
        pytest.param(
            says("X-TIMESTAMP"),
            [
                _refusal("4007301", "Invalid field format [X-TIMESTAMP]"),
                _refusal("4007302", "Invalid Mandatory Field x-timestamp"),
                _refusal("4017300", "Unauthorized. X-TIMESTAMP"),
                _refusal("4007300", "Bad Request"),
            ],
            [_refusal("4007301", "Invalid Field Format"), _refusal("4007301", "X-TIMESTAMP"), _refusal("4999999", "")],
            id="says",
        ),
        pytest.param(
            member("tokenType", lambda value: value == "Bearer", "Bearer"),
            [_answer(200, tokenType="Bearer")],
            [_answer(200), _answer(200, tokenType=1), CUT_OFF],
            id="member",
        ),
        pytest.param(
            header("Allow", lambda value: value == "POST", "POST"),
            [Answer(PLAIN, NOON, 405, (("allow", "POST"),))],
            [Answer(PLAIN, NOON, 405, (("allow", "GET"),)), Answer(PLAIN, NOON, 405)],
            id="header",
        ),
    ],
)
def test_an_expectation_tells_good_from_bad(expected: Expectation, good: list[Answer], bad: list[Answer]) -> None:
    """An expectation says nothing of a good answer, and what came instead of any other."""
    assert [expected(answer) for answer in good] == [""] * len(good)
    assert all(expected(answer) for answer in bad)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (TOKEN, "HTTP 200, 2007300 Successful"),
        (_answer(404), "HTTP 404 without a SNAP body"),
        (LATE, "no answer (none in time)"),
    ],
    ids=["token", "foreign", "nothing"],
)
def test_an_outcome_tells_no_token(answer: Answer, told: str) -> None:
    """An answer is told by status, code and message, and nothing of its token."""
    assert outcome(answer) == told
