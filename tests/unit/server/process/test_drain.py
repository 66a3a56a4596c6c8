"""The drain before the end."""

import pytest
from structlog.testing import capture_logs

from handlers.server.process.drain import Drain


def test_only_the_first_call_waits() -> None:
    """The first call has the seconds of the settings and a log line. A further call waits no longer."""
    drain = Drain(5)
    assert not drain.has_begun
    with capture_logs() as log:
        assert [drain.begin(), drain.begin()] == [5, 0]
    assert drain.has_begun
    assert log == [{"event": "server.draining", "log_level": "info", "seconds": 5}]


@pytest.mark.parametrize("seconds", [0, 5])
def test_a_drain_can_be_skipped(seconds: int) -> None:
    """A skipped drain has begun, takes no time, and is not logged."""
    drain = Drain(seconds)
    with capture_logs() as log:
        drain.skip()
        assert drain.begin() == 0
    assert drain.has_begun
    assert not log


def test_without_seconds_nothing_is_logged() -> None:
    """The default has no drain, so a log line about it would say nothing."""
    with capture_logs() as log:
        assert Drain(0).begin() == 0
    assert not log
