"""Messages to the service manager."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from handlers.server.process import service_manager
from tests.engines import asynchronous

PATIENCE = 60
"""Seconds."""


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager, with a path or with an abstract name."""
    name = str(tmp_path / "notify") if request.param == "file" else f"@snap-token-test-{uuid4()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield manager


def test_a_message_arrives(manager: socket.socket) -> None:
    """A message arrives as it is."""
    service_manager.notify(service_manager.READY)
    assert manager.recv(100) == b"READY=1"


def test_a_reload_has_its_time_and_its_end(manager: socket.socket) -> None:
    """systemd requires the monotonic time of a reload, in microseconds. The end of the last reload is reported."""
    reloads = service_manager.Reloads()
    for _ in range(2):
        reloads.begin()
        first, time = manager.recv(100).decode().split("\n")
        assert first == "RELOADING=1"
        assert int(time.removeprefix("MONOTONIC_USEC=")) > 0
    reloads.end()
    service_manager.notify("nothing came before this")
    reloads.end()
    assert [manager.recv(100) for _ in range(2)] == [b"nothing came before this", b"READY=1"]


def test_nobody_to_tell_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a service manager, and without its socket, nothing happens."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    service_manager.notify(service_manager.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    service_manager.notify(service_manager.READY)


def test_a_manager_that_does_not_read_stops_nothing(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the socket of the manager is full, a message waits for a limited time, and a sign of life does not wait."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as sender, suppress(BlockingIOError):
        sender.setblocking(False)  # noqa: FBT003  the standard library's signature
        while True:
            sender.sendto(b"full", manager.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)

    @asynchronous
    async def live() -> None:
        async with service_manager.watchdog():
            await asyncio.sleep(0)

    live()
    service_manager.notify(service_manager.READY, wait_seconds=0.01)
    assert set(_unread(manager)) == {b"full"}


def _unread(manager: socket.socket) -> Iterator[bytes]:
    manager.setblocking(False)  # noqa: FBT003  the standard library's signature
    with suppress(BlockingIOError):
        while True:
            yield manager.recv(100)


@asynchronous
async def _twice(manager: socket.socket) -> None:
    async with service_manager.watchdog():
        for _ in range(2):
            assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"


def test_the_watchdog_hears_of_a_living_loop(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a watchdog, the loop says again and again that it is alive."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    _twice(manager)


@pytest.mark.parametrize(("microseconds", "pid"), [("", None), ("20000", "1")], ids=["none", "of another process"])
def test_without_a_watchdog_nothing_is_said(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch, microseconds: str, pid: str | None
) -> None:
    """Without a watchdog for this process, the loop says nothing."""
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", pid)

    @asynchronous
    async def silent() -> None:
        async with service_manager.watchdog():
            assert len(asyncio.all_tasks()) == 1

    silent()
    manager.setblocking(False)  # noqa: FBT003  the standard library's signature
    with pytest.raises(BlockingIOError):
        manager.recv(100)
