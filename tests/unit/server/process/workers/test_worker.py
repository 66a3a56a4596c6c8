"""A worker process, as its supervisor sees it."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from pathlib import Path

import pytest

from handlers.server.process.workers import worker as worker_module
from handlers.server.process.workers.messages import Order, Ready
from handlers.server.process.workers.worker import CannotStartError, Worker, ending, python_command
from tests.acting_worker import act
from tests.engines import asynchronous

DESCRIPTORS = Path("/proc/self/fd")
PATIENCE = 20
"""Seconds."""
SHOW = """
import json, os, socket, sys
link, listener = (socket.socket(fileno=int(each)) for each in sys.argv[1:])
facts = [listener.getsockname()[1], os.environ["MORE"], os.getpgrp() == os.getpid(), "" in sys.path]
facts = list(map(str, facts))
link.sendall(json.dumps({"mistakes": facts}).encode() + b"\\n")
"""


def _open_descriptors() -> int:
    return len(list(DESCRIPTORS.iterdir()))


@asynchronous
async def test_a_worker_serves_until_it_retires() -> None:
    """A worker reports what its settings want, and ends when it is told to."""
    worker = await act("3")
    assert await worker.serving() == Ready(3, 0)
    assert not worker.is_released
    worker.order(Order.RELOAD)
    assert not worker.is_released
    worker.order(Order.RETIRE)
    assert worker.is_released
    assert await worker.ended() == 0
    worker.order(Order.RETIRE)  # It has ended, so this does nothing.
    worker.kill()


@pytest.mark.parametrize(
    ("part", "mistakes"),
    [
        ("mistaken", ["a: wrong", "b: wrong"]),
        ("killed", ["worker {} ended at its start: killed by SIGKILL"]),
    ],
)
def test_why_a_worker_does_not_serve(part: str, mistakes: list[str]) -> None:
    """The error has the mistakes of the worker, or says how it ended."""

    @asynchronous
    async def test() -> None:
        worker = await act(part)
        with pytest.raises(CannotStartError) as error:
            await worker.serving()
        assert list(error.value.mistakes) == [each.format(worker.pid) for each in mistakes]
        await worker.ended()

    test()


@asynchronous
async def _silent() -> None:
    worker = await act("silent")
    with pytest.raises(CannotStartError, match=r"did not serve within 0\.1 seconds"):
        await worker.serving()
    assert await worker.ended() == -signal.SIGKILL


def test_a_worker_that_never_serves_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a start is limited."""
    monkeypatch.setattr(worker_module, "LONGEST_START_SECONDS", 0.1)
    _silent()


@asynchronous
async def test_a_worker_that_ends_without_reading_its_orders_did_not_start() -> None:
    """An order that the worker has not read when it ends is no other error than its end."""
    worker = await act("unread")
    worker.order(Order.RELOAD)
    with pytest.raises(CannotStartError, match="ended at its start: exit status 3"):
        await worker.serving()


@asynchronous
async def test_a_worker_inherits_only_what_it_gets() -> None:
    """A worker has the listener, the variables in addition, and a process group of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def command(link: int) -> tuple[str, ...]:
            return (sys.executable, "-P", "-c", SHOW, str(link), str(listener.fileno()))

        worker = await Worker.start(command, [listener.fileno()], {"MORE": "1"})
        with pytest.raises(CannotStartError) as error:
            await worker.serving()
        assert error.value.mistakes == (str(listener.getsockname()[1]), "1", "True", "False")
        await worker.ended()


@asynchronous
async def test_a_process_that_cannot_be_started_is_a_mistake() -> None:
    """If the system cannot start the program, the error says why, and no descriptor stays open."""
    before = _open_descriptors()
    with pytest.raises(CannotStartError, match="no process can be started: No such file or directory"):
        await Worker.start(lambda _: ("/no/such/program",), (), {})
    async with asyncio.timeout(PATIENCE):
        while _open_descriptors() > before:  # noqa: ASYNC110  the connection is closed in the next turn of the loop
            await asyncio.sleep(0)


@asynchronous
async def test_without_a_free_descriptor_no_worker_starts() -> None:
    """If the process may open no more files, the error says so."""
    _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(next_one := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        with pytest.raises(CannotStartError, match="no process can be started: Too many open files"):
            await act("2")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize(
    ("status", "words"), [(0, "exit status 0"), (-15, "killed by SIGTERM"), (-63, "killed by signal 63")]
)
def test_an_ending_has_words(status: int, words: str) -> None:
    """The end of a process is described by its exit status, or by the name of the signal."""
    assert ending(status) == words


@asynchronous
async def test_a_module_of_this_installation_runs() -> None:
    """The command runs a module in the same Python, and does not search the current folder."""
    process = await asyncio.create_subprocess_exec(
        *python_command("json.tool", "--help"), stdout=asyncio.subprocess.PIPE
    )
    shown, _ = await process.communicate()
    assert (process.returncode, json.__name__ in shown.decode()) == (0, True)
