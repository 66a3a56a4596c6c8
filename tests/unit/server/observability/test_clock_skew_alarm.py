"""Alarms about a wrong clock, ours or a client's."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.clock_skew_alarm import MOST_A_SECOND, ClientClock, ClockSkewAlarm
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.codes import unauthorized
from tests.merchant import NOON
from tests.nicepay import Nicepay, jakarta

TOLERANCE = 300.0


@pytest.mark.parametrize(
    ("skews", "reported"),
    [
        ([-400] * 2, 0),
        ([-400] * 3, 1),
        ([-400] * 9, 1),
        ([400] * 3, 1),
        ([-400, -431, -400], 0),
        ([-400, -430, -400], 1),
        ([-400, -400, None] * 3, 0),
        ([-400] * 3 + [None] + [-400] * 3, 2),
        ([400, -400, -400, -400], 1),
    ],
)
def test_refusals_that_are_off_alike_raise_suspicion_once(skews: list[float | None], reported: int) -> None:
    """Three consecutive refusals with about the same skew cause one alarm. `None` is an issued token."""
    clock = ClientClock()
    told_now = 0
    for number, skew in enumerate(skews):
        if skew is None:
            clock.starts_drifting(0, TOLERANCE)
        else:
            told_now += clock.becomes_suspect(f"timestamp {number}", skew)
    assert told_now == reported


@pytest.mark.parametrize(
    ("skews", "reported"),
    [
        ([-200] * 2, []),
        ([-200] * 3, [-200]),
        ([200, 180, 190], [190]),
        ([-151] * 9, [-151]),
        ([-150] * 9, []),
        ([0, 0, -200, 0, -200, 0, 0, -200], []),
        ([0] * 9 + [-200] * 3, [-200]),
        ([-200] * 3 + [-140, -160] * 5, [-200]),
        ([-200] * 3 + [0] * 3 + [-200] * 3, [-200, -200]),
    ],
)
def test_a_median_above_half_the_tolerance_is_logged_once(skews: list[float], reported: list[float]) -> None:
    """The median of 3 to 5 tokens is logged once when it exceeds half of the tolerance."""
    clock = ClientClock()
    assert [found for skew in skews if (found := clock.starts_drifting(skew, TOLERANCE)) is not None] == reported


@pytest.fixture
def clock(nicepay: Nicepay) -> ClockSkewAlarm:
    """The alarm of a merchant with two clients, of which one sends no requests."""
    key = nicepay.private_key.public_key()
    tolerance = timedelta(seconds=TOLERANCE)
    clients = Clients([Client(name, (key,), tolerance) for name in (nicepay.client_key, "IDLE")], lambda _bits: key)
    return ClockSkewAlarm(lambda: clients)


def _refuse(
    clock: ClockSkewAlarm, signer: Nicepay, times: int, *, reason: str = "clock.behind", client_key: str | None = None
) -> list[Any]:
    """Refuse requests that are about 420 seconds behind. Return the new log lines."""
    with capture_logs() as log:
        for number in range(times):
            stale = jakarta(NOON - timedelta(seconds=420 + number))
            _refuse_once(clock, signer.headers(stale) | ({"X-CLIENT-KEY": client_key} if client_key else {}), reason)
    return log


def _refuse_once(clock: ClockSkewAlarm, headers: dict[str, str], reason: str = "clock.behind") -> None:
    sent = RequestHeaders.of([(name.lower().encode(), value.encode()) for name, value in headers.items()])
    reported = {"client_key": headers["X-CLIENT-KEY"], "clock_skew_seconds": -420.25}
    clock.refused(reported, sent, unauthorized(field="X-TIMESTAMP", reason=reason), NOON)


def test_a_client_that_is_refused_is_judged_alone(clock: ClockSkewAlarm, nicepay: Nicepay) -> None:
    """Three genuine late requests of one client cause an alarm, whatever other clients do."""
    (line,) = _refuse(clock, nicepay, 6)
    assert (line["event"], line["log_level"]) == ("clock.suspect", "error")
    assert (line["client_key"], line["clients_are_ahead_by_seconds"]) == (nicepay.client_key, -420.25)
    assert "time server" in line["advice"]


def test_an_invalid_signature_is_ignored(clock: ClockSkewAlarm, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A forger, an unknown client and another kind of refusal cause no alarm."""
    assert _refuse(clock, stranger, 3) == []
    assert _refuse(clock, nicepay, 3, client_key="NOBODY") == []
    assert _refuse(clock, nicepay, 3, reason="clock.local_time_labelled_jakarta") == []
    assert _refuse(clock, nicepay, 3, reason="clock.wrong_zone_label") == []
    assert len(_refuse(clock, nicepay, 3)) == 1


def test_copies_of_one_request_count_once(clock: ClockSkewAlarm, nicepay: Nicepay) -> None:
    """Somebody who saw one genuine request and sends it again later causes no alarm."""
    copy = nicepay.headers(jakarta(NOON - timedelta(seconds=420)))
    with capture_logs() as log:
        for _ in range(MOST_A_SECOND):
            _refuse_once(clock, copy)
    assert log == []


def test_checking_is_limited_in_rate(clock: ClockSkewAlarm, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A flood of late requests causes at most ten verifications per second."""
    assert _refuse(clock, stranger, MOST_A_SECOND) == []
    assert _refuse(clock, nicepay, 3) == []


@pytest.mark.parametrize("reported", [{}, {"client_key": None}, {"client_key": "A", "clock_skew_seconds": None}])
def test_unknown_values_are_ignored(clock: ClockSkewAlarm, reported: dict[str, object]) -> None:
    """A request without a valid client key or timestamp, and a request to another API, are ignored."""
    with capture_logs() as log:
        for _ in range(3):
            clock.issued(reported)
            clock.refused(reported, RequestHeaders.of([]), unauthorized(field="", reason="clock.behind"), NOON)
    assert log == []


def test_a_drifting_client_is_logged_before_it_is_refused(clock: ClockSkewAlarm, nicepay: Nicepay) -> None:
    """The warning has the client, its clock skew and its tolerance."""
    reported = {"client_key": nicepay.client_key, "clock_skew_seconds": -200.25}
    with capture_logs() as log:
        for _ in range(9):
            clock.issued(reported)
    (line,) = log
    assert (line["event"], line["log_level"], line["client_key"]) == ("clock.drifting", "warning", nicepay.client_key)
    assert (line["client_is_ahead_by_seconds"], line["tolerance_seconds"]) == (-200.25, 300.0)
