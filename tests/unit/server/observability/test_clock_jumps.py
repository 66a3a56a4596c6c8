"""Jumps of this machine's clock."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from handlers.server.observability import clock_jumps
from handlers.server.observability.clock_jumps import ClockJumpDetector, watch_clock
from tests.engines import asynchronous
from tests.merchant import NOON

SOON = 0.01


@dataclass
class Machine:
    """Two clocks that run together until one is set. Reading the wall clock can take time."""

    wall: datetime = NOON
    seconds: float = 0.0
    takes: Iterator[float] = field(default_factory=lambda: iter(()))

    def now(self) -> datetime:
        self.go(next(self.takes, 0.0))
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def go(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "reported"), [(0.999, []), (1.0, [1.0]), (-1.5, [-1.5]), (3 * 86_400, [259_200.0]), (0, [])]
)
def test_a_jump_is_logged_once_with_its_seconds(seconds: float, reported: list[float]) -> None:
    """A jump forward or back causes one line. Clocks that run together cause none."""
    machine = Machine()
    clock = ClockJumpDetector(machine.now, machine.monotonic)
    with capture_logs() as log:
        for jump in (0, seconds, 0):
            machine.go(3_600)
            machine.wall += timedelta(seconds=jump)
            clock.check()
    assert [line["seconds"] for line in log] == reported
    assert {(line["event"], line["log_level"]) for line in log} <= {("clock.jumped", "warning")}


def test_a_clock_that_is_slewed_does_not_jump() -> None:
    """Slewing by NTP is not a jump, also if the total is large."""
    machine = Machine()
    clock = ClockJumpDetector(machine.now, machine.monotonic)
    with capture_logs() as log:
        for _ in range(100):
            machine.wall += timedelta(seconds=0.5)
            clock.check()
    assert log == []


def test_a_pause_between_the_clocks_is_no_jump() -> None:
    """Time that passes between reading the two clocks is not a jump."""
    machine = Machine(takes=iter([0.0, 7.0, 0.0]))
    clock = ClockJumpDetector(machine.now, machine.monotonic)
    with capture_logs() as log:
        clock.check()
        clock.check()
    assert log == []


@asynchronous
async def test_the_clock_is_watched_inside_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A jump is logged inside the block, and not after it."""
    monkeypatch.setattr(clock_jumps, "CHECK_SECONDS", SOON)
    offset, reported = [timedelta()], asyncio.Event()
    monkeypatch.setattr(clock_jumps._log, "warning", lambda *_, **__: reported.set())  # noqa: SLF001  it logs the jump
    async with watch_clock(lambda: datetime.now(UTC) + offset[0]):
        offset[0] = timedelta(hours=1)
        await reported.wait()
    reported.clear()
    offset[0] = timedelta()
    await asyncio.sleep(3 * SOON)
    assert not reported.is_set()
