"""The log lines of decisions."""

import io
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.server.http.response import Response
from handlers.server.observability import configure
from handlers.server.observability.decision_log import DecisionLog
from handlers.server.observability.metrics.decisions import count_internal_request
from handlers.snap.codes import BAD_REQUEST, SnapError
from tests.merchant import NOON, Merchant, services_of, write_settings
from tests.nicepay import Nicepay, jakarta


@pytest.fixture
def late_merchant(merchant: Merchant, nicepay: Nicepay) -> Merchant:
    """A merchant whose clock agrees with NICEPAY, on another day than in other tests."""
    merchant.clock.now = NOON + timedelta(days=1)
    merchant.ask(nicepay)
    merchant.log()
    return merchant


def test_a_suspect_clock_is_logged(late_merchant: Merchant, nicepay: Nicepay, stranger: Nicepay) -> None:
    """After the third consecutive refusal with a valid signature, a line says that a clock is suspect."""
    for seconds, each in enumerate((stranger, stranger, stranger, nicepay, nicepay, nicepay, nicepay)):
        late_merchant.ask(each, jakarta(late_merchant.clock.now - timedelta(minutes=70, seconds=seconds)))
    late_merchant.ask(nicepay)
    lines = late_merchant.log()
    assert [line["event"] for line in lines] == [
        *["token.refused"] * 6,
        "clock.suspect",
        "token.refused",
        "token.issued",
    ]
    assert lines[6]["clients_are_ahead_by_seconds"] == -4205.25
    assert "time server" in lines[6]["advice"]


def test_a_drifting_clock_is_logged(late_merchant: Merchant, nicepay: Nicepay) -> None:
    """A client whose clock drifts is logged while it still gets tokens."""
    for seconds in range(200, 206):
        late_merchant.ask(nicepay, jakarta(late_merchant.clock.now - timedelta(seconds=seconds)))
    lines = late_merchant.log()
    assert Counter(line["event"] for line in lines) == {"token.issued": 6, "clock.drifting": 1}


@pytest.mark.parametrize(
    ("event", "error", "reported"),
    [
        ("call.genuine", None, {"event": "call.genuine", "outcome": "genuine", "level": "info"}),
        ("call.genuine", SnapError(BAD_REQUEST, reason="r", header="h"), {"event": "call.refused", "header": "h"}),
        (None, SnapError(BAD_REQUEST, reason="r", field="f"), {"event": "call.refused", "reason": "r", "field": "f"}),
        (None, ValueError("v"), {"event": "call.failed", "outcome": "failed", "reason": "unexpected"}),
        (None, None, None),
    ],
    ids=["event", "refusal", "refusal without event", "failure", "success without event"],
)
def test_which_outcomes_are_logged(
    tmp_path: Path, nicepay: Nicepay, event: str | None, error: Exception | None, reported: dict[str, str] | None
) -> None:
    """A success is logged only if its operation has an event. Refusals and failures are always logged."""
    services = services_of(Settings.load(write_settings(tmp_path, nicepay)), lambda: NOON)
    stream = io.StringIO()
    configure.set_up(stream)
    log = DecisionLog("call", lambda: services, count_internal_request)
    log.record(event, {"path": "/"}, Response({}), error)
    configure.set_up()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == (reported is not None)
    assert all(reported.items() <= line.items() for line in lines if reported)
