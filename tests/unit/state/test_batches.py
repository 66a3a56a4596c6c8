"""Batches of calls to an engine."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from handlers.state import batches
from handlers.state.batches import Batches, within_timeout
from handlers.state.port import TIMEOUT_SECONDS, StateDownError
from tests.engines import asynchronous

PATIENCE = 20
"""Seconds."""


class Engine:
    """Doubles even numbers when the test allows it, and fails for odd numbers."""

    def __init__(self, *, open_: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        if open_:
            self.gate.set()

    async def run(self, calls: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(calls))
        await self.gate.wait()
        return [ValueError(call) if call % 2 else call * 2 for call in calls]


@asynchronous
async def test_calls_of_one_turn_go_together() -> None:
    """Calls of one turn of the event loop are one batch, and each gets its own answer."""
    engine = Engine()
    batches = Batches(engine.run)
    assert await asyncio.gather(*(batches.call(number) for number in (2, 4, 6))) == [4, 8, 12]
    assert await batches.call(8) == 16
    assert engine.batches == [[2, 4, 6], [8]]


@asynchronous
async def test_calls_wait_while_a_batch_runs() -> None:
    """All calls that come while a batch runs are the next batch."""
    engine = Engine(open_=False)
    batches = Batches(engine.run)
    calls = []
    for number in (2, 4, 6):
        calls.append(asyncio.create_task(batches.call(number)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    engine.gate.set()
    assert await asyncio.gather(*calls) == [4, 8, 12]
    assert engine.batches == [[2], [4, 6]]


@asynchronous
async def test_a_call_may_fail_alone() -> None:
    """The error of one call does not affect the other calls of its batch."""
    batches = Batches(Engine().run)
    answers = await asyncio.gather(*(batches.call(number) for number in (2, 3)), return_exceptions=True)
    assert answers[0] == 4
    assert isinstance(answers[1], StateDownError)
    assert isinstance(answers[1].__cause__, ValueError)
    assert str(answers[1]) == "ValueError: 3"


@asynchronous
async def test_a_batch_may_fail_as_a_whole() -> None:
    """If the engine fails, every call of the batch fails, and the next batch runs."""
    down = True

    async def run(calls: Sequence[int]) -> Sequence[int]:
        if down:
            raise OSError(111, "Connection refused")
        return calls

    batches = Batches(run)
    for answer in await asyncio.gather(batches.call(1), batches.call(2), return_exceptions=True):
        assert isinstance(answer, StateDownError)
        assert str(answer) == "ConnectionRefusedError: [Errno 111] Connection refused"
    down = False
    assert await batches.call(1) == 1


@asynchronous
async def test_a_call_that_timed_out_is_not_made() -> None:
    """A call whose timeout has passed before its batch begins never reaches the engine."""
    engine = Engine(open_=False)
    batches = Batches(engine.run)
    under_way = asyncio.create_task(batches.call(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    with pytest.raises(StateDownError, match=r"no answer within 0\.5 s"):
        await batches.call(4)
    assert TIMEOUT_SECONDS <= asyncio.get_running_loop().time() - began < TIMEOUT_SECONDS * 1.5
    with pytest.raises(StateDownError):
        await under_way
    engine.gate.set()
    assert await batches.call(6) == 12
    assert engine.batches == [[2], [6]]


async def _refused_after(batches: Batches[int, int]) -> float:
    """The seconds that one call waits for an engine that hangs."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(StateDownError, match=r"no answer within 0\.5 s"):
            await batches.call(2)
    return loop.time() - began


async def _in_batch(answer: Awaitable[bytes]) -> bytes:
    async def run(_: Sequence[int]) -> Sequence[bytes]:
        return [await answer]

    return await Batches(run).call(1)


@pytest.mark.parametrize("ask", [_in_batch, within_timeout])
@asynchronous
async def test_an_answer_that_came_during_a_stall_is_read(
    ask: Callable[[Awaitable[bytes]], Awaitable[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the event loop stalls for longer than the time limit, an answer that came meanwhile still counts."""
    monkeypatch.setattr(batches, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(batches, "GRACE_SECONDS", 0.15)
    ours, engine = socket.socketpair()
    with engine:
        reader, writer = await asyncio.open_connection(sock=ours)
        call = asyncio.ensure_future(ask(reader.readexactly(1)))
        for _ in range(3):
            await asyncio.sleep(0)  # The call waits for the engine now.
        engine.sendall(b"1")
        time.sleep(0.3)  # noqa: ASYNC251  this is the stall
        assert await call == b"1"
        writer.close()


@asynchronous
async def test_every_call_has_its_own_timeout() -> None:
    """While an engine hangs, every call waits exactly half a second."""
    batches = Batches(Engine(open_=False).run)
    waits = []
    for _ in range(12):
        waits.append(asyncio.create_task(_refused_after(batches)))
        await asyncio.sleep(TIMEOUT_SECONDS / 4)
    for seconds in await asyncio.gather(*waits):
        assert TIMEOUT_SECONDS * 0.9 < seconds < TIMEOUT_SECONDS * 3


@asynchronous
async def test_a_hanging_engine_does_not_fill_the_queue() -> None:
    """While an engine hangs, only calls of the last half second wait. They run when it works again."""
    engine = Engine(open_=False)
    batches = Batches(engine.run)
    for _ in range(3):
        assert await asyncio.gather(*(_refused_after(batches) for _ in range(10)))
    last = asyncio.create_task(batches.call(8))
    await asyncio.sleep(0)
    assert len(batches._queue) == 1  # noqa: SLF001  nothing else shows the queue
    engine.gate.set()
    assert await last == 16
    assert engine.batches == [[2] * 10, [8]]


@asynchronous
async def test_a_caller_can_be_cancelled() -> None:
    """A cancelled caller does not affect the other callers."""
    engine = Engine(open_=False)
    batches = Batches(engine.run)
    calls = [asyncio.create_task(batches.call(number)) for number in (2, 4)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await calls[0]
    engine.gate.set()
    assert await calls[1] == 8


@asynchronous
async def test_a_batch_without_callers_is_not_run() -> None:
    """If no caller of a batch waits any more, the engine gets no call."""
    engine = Engine(open_=False)
    batches = Batches(engine.run)
    first, second = (asyncio.create_task(batches.call(2)), asyncio.create_task(batches.call(4)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    third = asyncio.create_task(batches.call(6))
    await asyncio.sleep(0)
    third.cancel()
    engine.gate.set()
    assert list(await asyncio.gather(first, second)) == [4, 8]
    assert await batches.call(8) == 16
    assert engine.batches == [[2, 4], [8]]


def test_each_event_loop_has_its_own_batches() -> None:
    """Calls that one event loop left behind do not block the next event loop."""
    batches = Batches(Engine(open_=False).run)

    async def left() -> None:
        task = asyncio.create_task(batches.call(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(left())

    async def asked() -> None:
        with pytest.raises(StateDownError):
            await batches.call(4)

    asyncio.run(asked())


@asynchronous
async def test_an_answer_in_time_is_returned() -> None:
    """An answer within the timeout is returned unchanged."""
    assert await within_timeout(asyncio.sleep(0, "answer")) == "answer"
