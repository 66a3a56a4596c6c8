"""The audit lines."""

import io
import json

import pytest

from handlers.server import logs
from handlers.server.answer import Answer
from handlers.server.audit import Audit
from handlers.services import Services
from handlers.snap.codes import BAD_REQUEST, SnapError
from tests.merchant import NOON, Merchant
from tests.nicepay import Nicepay, jakarta


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


def _no_services() -> Services:
    raise AssertionError


@pytest.mark.parametrize(
    ("event", "error", "told"),
    [
        ("call.genuine", None, {"event": "call.genuine", "outcome": "genuine", "level": "info"}),
        ("call.genuine", SnapError(BAD_REQUEST, reason="r", header="h"), {"event": "call.refused", "header": "h"}),
        (None, SnapError(BAD_REQUEST, reason="r", field="f"), {"event": "call.refused", "reason": "r", "field": "f"}),
        (None, ValueError("v"), {"event": "call.failed", "outcome": "failed", "reason": "unexpected"}),
        (None, None, None),
    ],
    ids=["event", "refusal", "refusal without event", "failure", "success without event"],
)
def test_what_becomes_a_line(event: str | None, error: Exception | None, told: dict[str, str] | None) -> None:
    """An operation without an event is not logged when it succeeds; refusals and failures always are."""
    stream = io.StringIO()
    logs.set_up(stream)
    Audit("call", _no_services).record(event, {"path": "/"}, Answer({}), error)
    logs.set_up()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == (told is not None)
    assert all(told.items() <= line.items() for line in lines if told)
