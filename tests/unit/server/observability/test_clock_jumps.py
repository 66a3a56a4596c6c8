"""Whether this machine's clock jumps."""

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
    """Two clocks that go together until one is set; reading the wall clock may take a while."""

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
    ("seconds", "told"), [(0.999, []), (1.0, [1.0]), (-1.5, [-1.5]), (3 * 86_400, [259_200.0]), (0, [])]
)
def test_a_jump_is_told_once_with_its_seconds(seconds: float, told: list[float]) -> None:
    """Forth or back, by a second or by days: one line, and none while the clocks go together, however long."""
    machine = Machine()
    clock = ClockJumpDetector(machine.now, machine.monotonic)
    with capture_logs() as log:
        for jump in (0, seconds, 0):
            machine.go(3_600)
            machine.wall += timedelta(seconds=jump)
            clock.check()
    assert [line["seconds"] for line in log] == told
    assert {(line["event"], line["log_level"]) for line in log} <= {("clock.jumped", "warning")}


def test_a_clock_that_is_slewed_does_not_jump() -> None:
    """What NTP takes away little by little is no jump, however much it is in all."""
    machine = Machine()
    clock = ClockJumpDetector(machine.now, machine.monotonic)
    with capture_logs() as log:
        for _ in range(100):
            machine.wall += timedelta(seconds=0.5)
            clock.check()
    assert log == []


def test_a_process_that_is_stopped_while_it_looks() -> None:
    """Time that passes between reading one clock and the other is not taken for a jump."""
    machine = Machine(takes=iter([0.0, 7.0, 0.0]))
    clock = ClockJumpDetector(machine.now, machine.monotonic)
    with capture_logs() as log:
        clock.check()
        clock.check()
    assert log == []


@asynchronous
async def test_it_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the block a jump is noticed by itself; after it, no more."""
    monkeypatch.setattr(clock_jumps, "CHECK_SECONDS", SOON)
    offset, told = [timedelta()], asyncio.Event()
    monkeypatch.setattr(clock_jumps._log, "warning", lambda *_, **__: told.set())  # noqa: SLF001  it is what tells
    async with watch_clock(lambda: datetime.now(UTC) + offset[0]):
        offset[0] = timedelta(hours=1)
        await told.wait()
    told.clear()
    offset[0] = timedelta()
    await asyncio.sleep(3 * SOON)
    assert not told.is_set()
