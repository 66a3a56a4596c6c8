"""Tells the service manager how the server is: systemd's `Type=notify` and `WatchdogSec=` (sd_notify(3)).

Without the variable NOTIFY_SOCKET there is nobody to tell, and nothing happens.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from handlers.state.background import running

READY = "READY=1"
STOPPING = "STOPPING=1"
_ALIVE = "WATCHDOG=1"

LONGEST_WAIT_SECONDS = 1.0
"""Few messages fit into the socket of a service manager that does not read. No request waits longer for it."""


def notify(message: str, wait_seconds: float = LONGEST_WAIT_SECONDS) -> None:
    """Send a message. One that cannot be sent in time is dropped: systemd itself sees that nothing comes."""
    name = os.environ.get("NOTIFY_SOCKET")
    if name:
        address = f"\0{name[1:]}" if name.startswith("@") else name
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(wait_seconds)
            sender.sendto(message.encode(), address)


class Reloads:
    """The reloads, and the replacements of workers, that are not done. The service manager learns when all are."""

    def __init__(self) -> None:
        self._begun = 0

    def begin(self) -> None:
        """Say that one begins."""
        self._begun += 1
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")

    def end(self) -> None:
        """One is done, with or without success. Say so if it was the last one."""
        self._begun -= 1
        if not self._begun:
            notify(READY)


@asynccontextmanager
async def watchdog() -> AsyncIterator[None]:
    """While the block runs, say twice in each interval of the watchdog that the event loop is alive."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        yield
        return

    async def repeat() -> None:
        while True:
            notify(_ALIVE, wait_seconds=0)
            await asyncio.sleep(int(microseconds) / 2_000_000)

    async with running(repeat):
        yield
