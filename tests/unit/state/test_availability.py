"""Whether the state store is up, judged by the outcome of requests."""

import asyncio
from itertools import count

import pytest
from structlog.testing import capture_logs

from handlers.state import availability as state_availability
from handlers.state.availability import QUIET_SECONDS, Availability, Kind
from handlers.state.port import StateDownError
from tests.engines import asynchronous

SOON = 0.01
FULL = StateDownError("OperationalError: database or disk is full")


@pytest.mark.parametrize(("kind", "other"), [("read", "write"), ("write", "read")])
def test_a_failure_counts_until_a_success_of_its_kind(kind: Kind, other: Kind) -> None:
    """A read does not end an outage of writes, and a write does not end an outage of reads."""
    availability = Availability(count().__next__)
    assert availability.up
    availability.record_failure(kind, FULL)
    availability.record_success(other)
    assert not availability.up
    availability.record_success(kind)
    assert availability.up


def test_an_outage_is_two_lines() -> None:
    """An outage has one line with the first cause, and one line at its end."""
    availability = Availability(count().__next__)
    with capture_logs() as log:
        availability.record_success("write")
        availability.record_failure("write", FULL)
        availability.record_failure("read", StateDownError("another"))
        availability.record_failure("write", FULL)
        availability.record_success("read")
        availability.record_success("write")
        availability.record_success("write")
    assert log == [
        {"event": "state.down", "log_level": "error", "cause": str(FULL)},
        {"event": "state.up", "log_level": "info"},
    ]


def test_an_engine_that_fails_now_and_then_is_down() -> None:
    """Successes between failures do not end the outage. The first success after `QUIET_SECONDS` does."""
    seconds = [0.0]
    availability = Availability(lambda: seconds[0])
    with capture_logs() as log:
        for seconds[0] in (0.0, 0.1, 0.2, 0.3):
            availability.record_failure("write", FULL)
            availability.record_success("write")
        seconds[0] = 0.3 + QUIET_SECONDS - 0.01
        availability.record_success("write")
        assert not availability.up
        seconds[0] = 0.3 + QUIET_SECONDS + 0.01
        availability.record_success("write")
        assert availability.up
    assert [line["event"] for line in log] == ["state.down", "state.up"]


def test_a_read_counts_at_once() -> None:
    """A successful read ends an outage of reads at once."""
    availability = Availability(lambda: 0.0)
    availability.record_failure("read", FULL)
    availability.record_success("read")
    assert availability.up


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe every 10 ms instead of every 0.5 s."""
    monkeypatch.setattr(state_availability, "PROBE_SECONDS", SOON)


@pytest.mark.usefixtures("_often")
@asynchronous
async def test_a_write_is_tried_only_while_writes_fail() -> None:
    """Within the block, failed writes are probed until one succeeds. Failed reads are not."""
    availability = Availability(count().__next__)
    tried: asyncio.Queue[bool] = asyncio.Queue()
    succeeds = False

    async def write() -> None:
        tried.put_nowait(succeeds)
        if not succeeds:
            raise FULL
        availability.record_success("write")

    async with availability.probing(write):
        availability.record_failure("read", FULL)
        await asyncio.sleep(SOON * 5)
        assert tried.empty()
        availability.record_failure("write", FULL)
        assert [await tried.get() for _ in range(2)] == [False, False]
        succeeds = True
        assert await tried.get()
        availability.record_success("read")
        assert availability.up
    availability.record_failure("write", FULL)
    await asyncio.sleep(SOON * 5)
    assert tried.empty()
